"""The written folder, read back by a reader that shares nothing with the writer but the format."""
from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from local.data import calendar, days, figures, quoting, scenario, surface, writer
from local.data.errors import ScenarioError

DAYS = (date(2024, 8, 1), date(2024, 8, 2), date(2024, 8, 5), date(2024, 8, 6))
TRADE = ["time", "open", "high", "low", "close", "volume"]
QUOTE = ["time", "bid_open", "bid_high", "bid_low", "bid", "bid_size", "ask_open", "ask_high", "ask_low", "ask",
         "ask_size"]


def table(path: Path, name: str, columns: list[str]) -> pd.DataFrame:
    """One file of a zip, every cell a number."""
    with zipfile.ZipFile(path) as archive:
        frame = pd.read_csv(io.BytesIO(archive.read(name)), header=None, names=columns)
    assert frame.notna().all().all()
    assert (frame.dtypes != object).all()
    return frame


def spy_minutes(folder: Path, day: date) -> pd.DataFrame:
    """Minute trades of SPY in USD."""
    frame = table(folder / f"equity/usa/minute/spy/{day:%Y%m%d}_trade.zip", f"{day:%Y%m%d}_spy_minute_trade.csv", TRADE)
    frame[["open", "high", "low", "close"]] /= 10_000
    return frame


def vix_minutes(folder: Path, day: date) -> pd.DataFrame:
    """Minute values of VIX."""
    return table(folder / f"index/usa/minute/vix/{day:%Y%m%d}_trade.zip", f"{day:%Y%m%d}_vix_minute_trade.csv", TRADE)


def option_quotes(folder: Path, day: date) -> dict[tuple[str, str, float], np.recarray]:
    """Quotes by (expiry, right, strike), in USD."""
    found = {}
    path = folder / f"option/usa/minute/spy/{day:%Y%m%d}_quote_american.zip"
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            stamp, ticker, resolution, kind, style, right, strike, expiry = name.removesuffix(".csv").split("_")
            assert (stamp, ticker, resolution, kind, style) == (f"{day:%Y%m%d}", "spy", "minute", "quote", "american")
            rows = np.array([line.split(b",") for line in archive.read(name).splitlines()], dtype=np.int64)
            assert (rows[:, 1:5] == rows[:, 4:5]).all() and (rows[:, 6:10] == rows[:, 9:10]).all()
            found[expiry, right, int(strike) / 10_000] = np.rec.fromarrays(
                [rows[:, 0], rows[:, 4] / 10_000, rows[:, 5], rows[:, 9] / 10_000],
                names=["time", "bid", "bid_size", "ask"])
    return found


@pytest.fixture(scope="module")
def shock(short_folder: Path) -> dict[tuple[str, str, float], np.recarray]:
    """Option quotes of 5 August."""
    return option_quotes(short_folder, date(2024, 8, 5))


def test_days_are_the_figures_of_record(short_folder: Path, short_scenario: scenario.Scenario) -> None:
    for anchor in short_scenario.anchors:
        spy, vix = spy_minutes(short_folder, anchor.day), vix_minutes(short_folder, anchor.day)
        assert (spy.open.iloc[0], spy.high.max(), spy.low.min(), spy.close.iloc[-1]) == anchor.spy
        assert spy.time.tolist() == list(range(34_200_000, 57_600_000, 60_000))
        assert vix.time.tolist() == list(range(30_600_000, 54_000_000, 60_000))
        if anchor.day != date(2024, 8, 5):
            assert (vix.open.iloc[0], vix.high.max(), vix.low.min(), vix.close.iloc[-1]) == anchor.vix
        assert vix.close.iloc[-1] == anchor.vix[3]


def test_daily_files(short_folder: Path, short_scenario: scenario.Scenario) -> None:
    for name, scale in (("equity/usa/daily/spy", 10_000), ("index/usa/daily/vix", 1)):
        with zipfile.ZipFile(short_folder / f"{name}.zip") as archive:
            rows = archive.read(f"{name[-3:]}.csv").decode().splitlines()
        assert len(rows) == 304 == len(set(rows))
        assert rows[-4].startswith("20240801 00:00,") and rows[-1].startswith("20240806 00:00,")
        for anchor, row in zip(short_scenario.anchors, rows[-3:]):
            record = anchor.spy if scale > 1 else anchor.vix
            assert [float(cell) / scale for cell in row.split(",")[1:5]] == list(record)


def test_equity_quotes_surround_the_trades(short_folder: Path) -> None:
    for day in DAYS:
        quote = table(short_folder / f"equity/usa/minute/spy/{day:%Y%m%d}_quote.zip",
                      f"{day:%Y%m%d}_spy_minute_quote.csv", QUOTE)
        trade = spy_minutes(short_folder, day)
        assert (quote.bid < trade.close * 10_000).all() and (quote.ask > trade.close * 10_000).all()
        assert (quote.ask - quote.bid).max() <= 600


def test_volume_adds_up(short_folder: Path) -> None:
    with zipfile.ZipFile(short_folder / "equity/usa/daily/spy.zip") as archive:
        last = archive.read("spy.csv").decode().splitlines()[-1]
    assert spy_minutes(short_folder, DAYS[-1]).volume.sum() == int(last.split(",")[5])


def test_quotes_are_sane(shock: dict[tuple[str, str, float], np.recarray]) -> None:
    assert len(shock) > 1_000
    for frame in shock.values():
        assert frame.time[0] == 34_200_000 and frame.time[-1] == 57_540_000
        assert (np.diff(frame.time) > 0).all() and np.diff(frame.time).max() <= quoting.LONGEST_HOLD * 60_000
        assert (frame.bid >= 0).all() and (frame.bid < frame.ask).all()
        assert (frame.bid_size[frame.bid == 0] == 0).all() and (frame.bid_size[frame.bid > 0] > 0).all()
        assert np.allclose(frame.bid * 100, np.rint(frame.bid * 100))
        assert np.allclose(frame.ask * 100, np.rint(frame.ask * 100))


def test_no_arbitrage_in_the_quotes(shock: dict[tuple[str, str, float], np.recarray]) -> None:
    groups: dict[tuple[str, str], list[float]] = {}
    for expiry, right, strike in shock:
        groups.setdefault((expiry, right), []).append(strike)
    for (expiry, right), strikes in groups.items():
        strikes = np.array(sorted(strikes))
        for row in (0, -1):
            bid, ask = (np.array([shock[expiry, right, strike][side][row] for strike in strikes])
                        for side in ("bid", "ask"))
            sign = 1 if right == "put" else -1
            assert (np.diff(sign * bid) >= -1e-9).all() and (np.diff(sign * ask) >= -1e-9).all()
            left, right_gap = np.diff(strikes)[:-1], np.diff(strikes)[1:]
            wings = (ask[:-2] * right_gap + ask[2:] * left) / (left + right_gap)
            assert (wings >= bid[1:-1] - 1e-9).all()            # no butterfly below zero
            assert (bid[:-1] <= ask[1:] + np.diff(strikes)).all()
            mid = (bid + ask) / 2
            inner = (mid[:-2] * right_gap + mid[2:] * left) / (left + right_gap)
            assert (inner - mid[1:-1] >= -0.02).all()           # mids convex up to the rounding of two ticks


def test_universe(short_folder: Path, shock: dict[tuple[str, str, float], np.recarray]) -> None:
    path = short_folder / "option/usa/universes/spy/20240805.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == ("#expiry,strike,right,open,high,low,close,volume,open_interest,implied_volatility,"
                        "delta,gamma,vega,theta,rho")
    assert lines[1].startswith(",,,511.64,523.58,510.27,517.38,")
    frame = pd.read_csv(io.StringIO("\n".join([lines[0][1:], *lines[2:]])), dtype={"expiry": str})
    assert frame.notna().all().all()
    assert "e" not in "".join(lines[2:])                        # LEAN reads no exponents
    listed = set(zip(frame.expiry, frame.right.map({"C": "call", "P": "put"}), frame.strike))
    assert listed == {key for key in shock if key[0] > "20240805"}
    assert frame.delta[frame.right == "C"].between(0, 1).all() and frame.delta[frame.right == "P"].between(-1, 0).all()
    assert (frame[["gamma", "vega", "implied_volatility"]] >= 0).all().all()
    for row in frame.sample(40, random_state=1).itertuples():
        last = shock[row.expiry, "call" if row.right == "C" else "put", row.strike][-1]
        assert last.bid - 0.001 <= row.close <= last.ask + 0.001
    month = frame[(frame.expiry == "20240906") & (frame.right == "P")]
    near = month.iloc[(month.strike - 517.38).abs().argmin()]
    variance = surface.atm_variance(figures.EQUITY_INDEX, np.float64(38.57), surface.variance_years(
        np.array(calendar.session_number(date(2024, 9, 6)) - calendar.session_number(date(2024, 8, 5))), np.array(1.0)),
        surface.index_horizon(calendar.index_sessions(date(2024, 8, 5)), np.array(1.0)))
    assert near.implied_volatility == pytest.approx(np.sqrt(variance / (32 / 365)), rel=0.02)


def test_yesterdays_chain_has_todays_quotes(short_folder: Path, shock: dict[tuple[str, str, float], np.recarray]
                                            ) -> None:
    lines = (short_folder / "option/usa/universes/spy/20240802.csv").read_text(encoding="utf-8").splitlines()[2:]
    rows = [line.split(",")[:3] for line in lines]
    assert any(expiry == "20240805" for expiry, _, _ in rows)
    assert {(expiry, "call" if right == "C" else "put", float(strike)) for expiry, strike, right in rows} <= set(shock)


def test_static_files(short_folder: Path) -> None:
    hours = json.loads((short_folder / "market-hours/market-hours-database.json").read_text(encoding="utf-8"))
    entry = hours["entries"]["Equity-usa-[*]"]
    assert "7/4/2024" in entry["holidays"] and entry["earlyCloses"]["7/3/2024"] == "13:00:00"
    assert hours["entries"]["Index-usa-VIX"]["dataTimeZone"] == "America/Chicago"
    rates = (short_folder / "alternative/interest-rate/usa/interest-rate.csv").read_text(encoding="utf-8")
    assert rates.endswith("2023-07-27,5.50\n")
    assert (short_folder / "equity/usa/map_files/spy.csv").is_file()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file's bytes by its relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_equal_inputs_give_equal_bytes(short_folder: Path, short_scenario: scenario.Scenario, tmp_path: Path) -> None:
    again = writer.ensure_data(short_scenario, tmp_path)
    assert again.name == short_folder.name
    assert contents(again) == contents(short_folder)
    assert writer.content_hash(replace(short_scenario, seed=8), ("SPY", "VIX")) != writer.content_hash(
        short_scenario, ("SPY", "VIX"))


def test_a_window_holds_its_days_as_the_whole_has_them(short_folder: Path, short_scenario: scenario.Scenario, tmp_path: Path) -> None:
    part = writer.ensure_data(short_scenario, tmp_path, window=(date(2024, 8, 5), date(2024, 8, 5)))
    whole, ours = contents(short_folder), contents(part)
    assert all(whole[name] == content for name, content in ours.items())
    assert {name for name in whole if name not in ours} == {name for name in whole if "20240801" in name or "20240806" in name}
    assert writer.ensure_data(short_scenario, tmp_path, window=(date(2024, 8, 5), date(2024, 8, 5))) == part
    assert writer.ensure_data(short_scenario, short_folder.parent, window=(date(2024, 8, 5), date(2024, 8, 5))) == short_folder


def test_a_complete_folder_is_left_alone(short_scenario: scenario.Scenario, tmp_path: Path,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "write_option_day", lambda *_: 0)
    seen: list[tuple[int, int]] = []
    folder = writer.ensure_data(short_scenario, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    (folder / "mark").write_text("kept", encoding="utf-8")
    assert writer.ensure_data(short_scenario, tmp_path) == folder
    assert (folder / "mark").is_file() and len(seen) == 4
    (folder / writer.COMPLETE).unlink()                         # half a folder is written anew
    assert not (writer.ensure_data(short_scenario, tmp_path) / "mark").exists()


def test_a_failure_leaves_nothing(short_scenario: scenario.Scenario, tmp_path: Path,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "write_daily", fail)
    with pytest.raises(ScenarioError, match="No space left"):
        writer.ensure_data(short_scenario, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_refusals(short_scenario: scenario.Scenario, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="unknown: XYZ"):
        writer.ensure_data(short_scenario, tmp_path, underlyings=("SPY", "VIX", "XYZ"))
    with pytest.raises(ScenarioError, match="must hold SPY and VIX"):
        writer.ensure_data(short_scenario, tmp_path, underlyings=("SPY",))
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ScenarioError, match="cannot be written"):
        writer.ensure_data(short_scenario, tmp_path / "file")


def test_real_bars_replace_the_bridge(tmp_path: Path) -> None:
    bars = Path(__file__).resolve().parents[4] / "shared" / "data"
    if not bars.is_dir():
        pytest.skip("the folder of real bars is not here")
    found = scenario.load("quiet_2017", bars=bars)
    series = dict(found.real_bars)["SPY"]
    market = writer.build_market(found)
    bar = next(bar for bar in series if bar.day == date(2017, 11, 1))
    path = market.paths(bar.day)["SPY"]
    assert (path.open[0], path.high.max(), path.low.min(), path.close[-1]) == (bar.open, bar.high, bar.low, bar.close)
    assert writer.content_hash(found, ("SPY", "VIX")) != writer.content_hash(
        scenario.load("quiet_2017"), ("SPY", "VIX"))
