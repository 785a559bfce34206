"""``validate --bars``: bounds kept on real bars where they are here, one-line refusals, and who is judged."""
from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from local.__main__ import main
from local.data import calendar
from local.data.figures import EQUITY_INDEX
from local.validation import record
from local.validation.history import read_history
from local.validation.price_model import window, yearly_pct
from local.validation.strategy_indices import monthly_returns

BARS = Path(__file__).resolve().parents[4] / "shared" / "data"
here = pytest.mark.skipif(not BARS.is_dir(), reason="the folder of real bars is not here")


def test_the_record_of_the_early_years_follows_from_the_others() -> None:
    put = record.INDICES["PUT"]
    assert put.early_pct == pytest.approx((15 * 7.2 - 7 * 8.0) / 8)
    months = np.repeat([0.01, 0.02], [96, 84])
    assert len(window(months, record.EARLY)) == 96 and len(window(months, record.LATE)) == 84
    assert yearly_pct(months, record.LATE) == pytest.approx(24.0)


@here
def test_bounds_are_kept_on_real_bars(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--bars", str(BARS)]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in record.INDICES) and "OUT OF BOUNDS" not in shown
    assert "error bar" in shown and "weekly" in shown


def index_file(folder: Path, name: str, monthly: np.ndarray) -> None:
    """Daily levels with these returns, a step at each month's last session."""
    days = calendar.sessions(date(2006, 12, 1), date(2022, 1, 14))
    rows, level, number = ["DATE," + name], 100.0, 0
    for day, following in zip(days, days[1:]):
        if day.month != following.month and day >= date(2007, 1, 1) and number < len(monthly):
            level, number = level * (1 + monthly[number]), number + 1
        rows.append(f"{day:%m/%d/%Y},{level:.6f}")
    (folder / f"{name}_History.csv").write_text("\n".join(rows), encoding="utf-8")


@here
def test_index_files_are_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours = monthly_returns(read_history(BARS, date(2022, 1, 31)), EQUITY_INDEX, record.WHOLE)
    index_file(tmp_path, "PUT", ours["PUT"] - 0.0002)
    assert main(["validate", "--bars", str(BARS), "--indices", str(tmp_path)]) == 0
    assert "1.0000" in capsys.readouterr().out
    index_file(tmp_path, "CNDR", ours["CNDR"][::-1])                # equal mean, other months
    assert main(["validate", "--bars", str(BARS), "--indices", str(tmp_path)]) == 1
    assert "0.95 *" in capsys.readouterr().out


def test_refusals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header = "date,open,high,low,close\n"
    for name in ("spy", "vix"):
        rows = "".join(f"{date(2019, 1, 1) + timedelta(number)},10,11,9,10\n" for number in range(3))
        (tmp_path / f"{name}-daily.csv").write_text(header + rows, encoding="utf-8")
    for arguments, message in ((["--indices", str(tmp_path)], "--indices needs --bars"),
                               (["--bars", str(tmp_path / "none")], "is not there"),
                               (["--bars", str(tmp_path)], "2006-01-31 to 2022-01-31 is needed"),
                               (["--bars", str(tmp_path), "--indices", str(tmp_path)], "has no file of PUT")):
        assert main(["validate", *arguments]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1 and message in lines[0]
