"""Every kind of file, written for the day oil went below zero and read back."""
from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from core.carry import dividends_between, risk_free_rate
from local.data import calendar, futures, margins, products, quoting, scenario, vix_options, writer

SCENARIO = """
name = "oil"
description = "One session."
seed = 3
start = 2020-04-20
end = 2020-04-20
backtest_start = 2020-04-20
backtest_end = 2020-04-20
[levels]
QQQ = 214.50
IWM = 121.30
GLD = 159.60
TLT = 170.10
AAPL = 276.93
MSFT = 175.06
WTI = 19.96
SILVER = 15.30
[oil]
2020-04-17 = 18.31
2020-04-20 = -36.98
[history]
2019-01-31 = {S = 269.93, V = 16.57}
2020-02-19 = {S = 338.34, V = 14.38}
2020-04-17 = {S = 286.64, V = 38.15}
[anchors]
2020-04-20 = {S = 281.59, V = 43.83}
"""
QUOTE = ["time", "bid_open", "bid_high", "bid_low", "bid", "bid_size", "ask_open", "ask_high", "ask_low", "ask",
         "ask_size"]
OPTIONS = {
    "option/usa/minute/qqq/20200420_quote_american.zip": 10_000, "option/usa/minute/iwm/20200420_quote_american.zip":
    10_000, "option/usa/minute/aapl/20200420_quote_american.zip": 10_000,
    "indexoption/usa/minute/vix/20200420_quote_european.zip": 10_000,
    "indexoption/usa/minute/vixw/20200420_quote_european.zip": 10_000,
    "futureoption/cme/minute/es/202006/20200420_quote_american.zip": 1,
    "futureoption/nymex/minute/lo/202006/20200420_quote_american.zip": 1,
    "futureoption/nymex/minute/mcl/202006/20200420_quote_american.zip": 1,
    "futureoption/comex/minute/og/202006/20200420_quote_american.zip": 1,
    "futureoption/comex/minute/so/202007/20200420_quote_american.zip": 1,
}


def table(text: bytes, columns: list[str]) -> np.recarray:
    """A headless CSV as named columns; anything but numbers, or a ragged row, fails."""
    rows = [[float(cell) for cell in line.split(b",")] for line in text.splitlines()]
    return np.rec.fromarrays(np.array(rows).T, names=columns)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of 17 and 20 April 2020, all underlyings."""
    path = tmp_path_factory.mktemp("oil") / "oil.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    return writer.ensure_data(scenario.load(path), path.parent / "cache", underlyings=products.ALL)


def entries(path: Path, columns: list[str]) -> dict[str, np.recarray]:
    """Every entry of a zip as a table of numbers with named columns."""
    with zipfile.ZipFile(path) as archive:
        return {name: table(archive.read(name), columns) for name in archive.namelist()}


@pytest.mark.parametrize("path", OPTIONS)
def test_option_quotes(folder: Path, path: str) -> None:
    found, groups = entries(folder / path, QUOTE), {}
    assert len(found) >= 20
    for name, frame in found.items():
        parts = name.removesuffix(".csv").split("_")
        assert (parts[0], parts[2], parts[3]) == ("20200420", "minute", "quote")
        assert parts[1] == path.split("/")[3] and parts[4] == path[:-4].split("_")[-1]
        assert (np.diff(frame.time) > 0).all() and np.diff(frame.time).max() <= quoting.LONGEST_HOLD * 60_000
        assert (frame.bid >= 0).all() and (frame.bid < frame.ask).all()
        groups.setdefault((parts[5], parts[7]), {})[int(parts[6]) / 10_000] = frame
    for (right, _), chain in groups.items():
        strikes = np.array(sorted(chain))
        for row in (0, -1):
            bid, ask = (np.array([chain[strike][side][row] for strike in strikes]) / OPTIONS[path]
                        for side in ("bid", "ask"))
            sign = 1 if right == "put" else -1
            assert (np.diff(sign * bid) >= -1e-9).all() and (np.diff(sign * ask) >= -1e-9).all()
            left, beyond = np.diff(strikes)[:-1], np.diff(strikes)[1:]
            wings = (ask[:-2] * beyond + ask[2:] * left) / (left + beyond)
            assert (wings >= bid[1:-1] - 1e-9).all()


def futures_of(folder: Path, market: str, ticker: str, kind: str) -> dict[str, np.recarray]:
    """A future's minutes by contract month."""
    columns = QUOTE if kind == "quote" else ["time", "open", "high", "low", "close", "volume"]
    found = entries(folder / f"future/{market}/minute/{ticker}/20200420_{kind}.zip", columns)
    return {name.removesuffix(".csv").split("_")[-1]: frame for name, frame in found.items()}


@pytest.mark.parametrize("ticker", ["cl", "mcl"])
def test_only_the_expiring_oil_future_is_below_zero(folder: Path, ticker: str) -> None:
    trades = futures_of(folder, "nymex", ticker, "trade")
    assert trades["202005"].close[-1] == -36.98 and trades["202005"].open[0] > 15
    assert all(frame.low.min() >= futures.OIL_FLOOR for month, frame in trades.items() if month != "202005")
    assert not list((folder / "futureoption/nymex/minute").glob("*/202005/20200420*"))
    quotes = futures_of(folder, "nymex", ticker, "quote")["202005"]
    assert (quotes.bid <= trades["202005"].close).all() and (quotes.ask > trades["202005"].close).all()


def test_index_future_is_carried_from_spy(folder: Path) -> None:
    trades = futures_of(folder, "cme", "es", "trade")
    assert sorted(trades) == ["202006", "202009", "202012"]
    june = trades["202006"]
    carry = risk_free_rate(date(2020, 4, 20)) * 60 / 365 - dividends_between("SPY", date(2020, 4, 20), date(2020, 6, 19))
    assert june.close[-1] == pytest.approx(2815.9 * np.exp(carry), abs=0.126)
    assert (june.close % 0.25 == 0).all()
    assert june.time.tolist() == list(range(48_600_000, 72_000_000, 60_000))      # 13:30 to 20:00 UTC in summer
    assert (june == futures_of(folder, "cme", "mes", "trade")["202006"]).all()


def test_utc_follows_daylight_saving() -> None:
    assert futures.utc_minute(date(2020, 4, 20)) == 13 * 60 + 30
    assert futures.utc_minute(date(2020, 1, 6)) == 14 * 60 + 30


def test_universes(folder: Path) -> None:
    lines = (folder / "future/nymex/universes/cl/20200420.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#expiry,open,high,low,close,volume,open_interest"
    assert [line.split(",")[0] for line in lines[1:]] == ["202005", "202006", "202007", "202008", "202009"]
    micro = (folder / "future/nymex/universes/mcl/20200420.csv").read_text(encoding="utf-8").splitlines()
    assert micro[1].startswith("202006,")                   # /MCL May expires on this very day
    options = (folder / "futureoption/nymex/universes/lo/202006/20200420.csv").read_text(encoding="utf-8").splitlines()
    assert options[0] == "#expiry,strike,right,open,high,low,close,volume,open_interest"
    quoted = entries(folder / "futureoption/nymex/minute/lo/202006/20200420_quote_american.zip", QUOTE)
    assert len(options) - 2 == len(quoted)
    for path in (folder / "futureoption").glob("*/universes/*/*/20200420.csv"):
        assert len(path.read_text(encoding="utf-8").splitlines()) >= 2


def test_vix_universe_and_settlement(folder: Path) -> None:
    lines = (folder / "indexoption/usa/universes/vix/20200417.csv").read_text(encoding="utf-8").splitlines()
    expiries = sorted({line.split(",")[0] for line in lines[2:]})
    assert expiries == ["20200520", "20200617", "20200722", "20200819", "20200916"]
    assert all("e" not in line for line in lines[2:])
    # the future of the day itself is VIX: options settle on the index
    assert vix_options.future_curve(np.array([40.0]), np.array([0.0])).tolist() == [40.0]
    assert 18.5 < vix_options.future_curve(np.array([40.0]), np.array([0.5]))[0] < 25
    assert 12 < vix_options.future_curve(np.array([12.0]), np.array([0.2]))[0] < 18.5


@pytest.mark.parametrize(("month", "expiry"), [((2024, 8), date(2024, 8, 21)), ((2024, 9), date(2024, 9, 18)),
                                               ((2019, 3), date(2019, 3, 19)), ((2020, 3), date(2020, 3, 18))])
def test_vix_expiries(month: tuple[int, int], expiry: date) -> None:
    assert vix_options.settlement_day(month) == expiry


def test_vix_options_stay_listed() -> None:
    strikes, before = vix_options.Strikes(), set()
    for number, day in enumerate(calendar.sessions(date(2020, 2, 18), date(2020, 3, 20))):
        vix = 14 + 3 * number
        chains = vix_options.list_vix_options(strikes, day, vix - 1, vix + 2)
        now = {(root, chain.expiry, strike) for root, listed in chains.items() for chain in listed
               for strike in chain.strikes[chain.has_call]}
        assert {item for item in before if item[1] >= day} <= now
        before = now
        assert any(strike >= vix + 10 and 56 <= (expiry - day).days <= 92 for _, expiry, strike in now)


def test_margin_files(folder: Path) -> None:
    rows = (folder / "future/nymex/margins/CL.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "date,initial,maintenance" and "20200417,8250,7500" in rows
    assert "20181204,4703,4275" in rows                     # half a dollar is rounded up
    micro = (folder / "future/nymex/margins/MCL.csv").read_text(encoding="utf-8").splitlines()
    assert "20200417,825,750" in micro
    for ticker in ("ES", "CL", "GC", "SI", "MES", "MCL", "MGC"):
        changes = margins.maintenance_changes(ticker)
        assert [day for day, _ in changes] == sorted({day for day, _ in changes})


def test_daily_files_of_everything(folder: Path) -> None:
    for ticker in ("qqq", "iwm", "gld", "tlt", "aapl", "msft"):
        assert (folder / f"equity/usa/daily/{ticker}.zip").is_file()
        assert (folder / f"equity/usa/minute/{ticker}/20200420_quote.zip").is_file()
    for ticker in ("vxn", "rvx", "gvz", "ovx", "vxapl"):
        with zipfile.ZipFile(folder / f"index/usa/daily/{ticker}.zip") as archive:
            assert len(archive.read(f"{ticker}.csv").decode().splitlines()) >= 301
    assert not list(folder.rglob("*wti*")) and not list(folder.rglob("*silver*"))
