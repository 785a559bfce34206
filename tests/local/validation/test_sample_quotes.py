"""Sample quotes of a LEAN checkout: what is read, what is left out, and what is refused in one line."""
from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from local.commands.errors import CommandError
from local.validation import quote_checks
from local.validation.sample_quotes import SOURCES, read_samples

SPY = next(source for source in SOURCES if source.name == "SPY 2023")
UNIVERSE = next(source for source in SOURCES if source.path.endswith(".csv"))
ENTRY = "20230803_spy_minute_quote_american_put_4300000_20230901.csv"
NOON, ONE = 43_200_000, 46_800_000


def row(milliseconds: int, bid: str, ask: str) -> str:
    return f"{milliseconds},{bid},{bid},{bid},{bid},5,{ask},{ask},{ask},{ask},5\n"


def sample(folder: Path, *rows: str) -> Path:
    """A data folder with one entry of SPY's file."""
    path = folder / SPY.path
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(ENTRY, "".join(rows))
    return folder


def test_rows_at_a_few_times_are_read_and_those_without_a_middle_told_apart(tmp_path: Path) -> None:
    folder = sample(tmp_path, row(NOON, "10000", "10200"), row(ONE, "20000", ""), row(ONE + 7_200_000, "", "300"),
                    row(ONE, "300", "200"))
    ((source, quotes),) = read_samples(folder)
    assert source is SPY and quotes.strike.tolist() == [430.0] and not quotes.is_call.any()
    assert quotes.bid.tolist() == [0.0] and quotes.ask.tolist() == [pytest.approx(0.03)]
    assert quotes.left_out == tuple(f"{folder / SPY.path} {ENTRY} line {line}" for line in (2, 4))


@pytest.mark.parametrize(("text", "message"), [
    ("43200000,1,2\n", "line 1: no row of minute quotes"), (row(NOON, "x", "2"), "line 1: no row of minute quotes"),
    (row(NOON, "100", "200") + row(ONE, "-100", "200"), "line 2: bid -0.01 and ask 0.02 are no quote")])
def test_what_is_no_quote_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        list(read_samples(sample(tmp_path, text)))
    assert f"{SPY.path} {ENTRY} {message}" in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / SPY.path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no zip")
    with pytest.raises(CommandError, match="cannot be read"):
        list(read_samples(tmp_path))
    path.unlink()
    other = tmp_path / UNIVERSE.path
    other.parent.mkdir(parents=True)
    other.write_text("#expiry,strike,right\n20160115,2000,C\n")
    with pytest.raises(CommandError, match="line 2: no row of a universe"):
        list(read_samples(tmp_path))


def test_a_folder_without_samples_is_said_and_judged_by_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert quote_checks.check_samples(None, quote_checks.INDEX_FUND_WIDTH, tmp_path)    # type: ignore[arg-type]
    assert "no sample quotes" in capsys.readouterr().out
