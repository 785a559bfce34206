"""Every vendor's layout comes out as the same quotes, with volatilities that give the chain's own."""
from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from local.__main__ import main
from tests.local.data.importers import vendor_files as vendor
from tests.local.data.importers.vendor_files import DAYS, VOLATILITY, Row

Files = Callable[[Path, list[Row]], list[str]]


def _write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8", newline="")
    return str(folder / name)


def _prices(folder: Path, rows: list[Row]) -> list[str]:
    return ["--prices", f"SPY={_write(folder, 'prices.csv', vendor.prices(rows))}"]


def _optionsdx(folder: Path, rows: list[Row]) -> list[str]:
    return ["optionsdx", _write(folder, "spy_eod_202401.txt", vendor.optionsdx(rows))]


def _cboe_intervals(folder: Path, rows: list[Row]) -> list[str]:
    with zipfile.ZipFile(folder / "intervals.zip", "w") as archive:
        archive.writestr("UnderlyingOptionsIntervals_900sec_2024-01-18.csv", vendor.cboe_intervals(rows))
    return ["cboe", str(folder / "intervals.zip")]


def _theta(folder: Path, rows: list[Row]) -> list[str]:
    return ["thetadata", _write(folder, "quotes.csv", vendor.theta_quotes(rows)), *_prices(folder, rows)]


def _theta_old(folder: Path, rows: list[Row]) -> list[str]:
    return ["thetadata", _write(folder, "quotes.csv", vendor.theta_old(rows)), *_prices(folder, rows)]


def _databento(folder: Path, rows: list[Row], raw: bool = False) -> list[str]:
    definitions, quotes = vendor.databento(rows, raw=raw)
    return ["databento", _write(folder, "a.cbbo-1m.csv", quotes), _write(folder, "b.definition.csv", definitions),
            *_prices(folder, rows)]


def _databento_raw(folder: Path, rows: list[Row]) -> list[str]:
    return _databento(folder, rows, raw=True)


def _polygon(folder: Path, rows: list[Row]) -> list[str]:
    with gzip.open(folder / "2024-01-18.csv.gz", "wt", encoding="utf-8") as stream:
        stream.write(vendor.polygon(rows))
    return ["polygon", str(folder / "2024-01-18.csv.gz"), *_prices(folder, rows)]


def quotes_of(data: Path, day: date) -> dict[tuple[str, int, int], tuple[str, ...]]:
    """Bid and ask in the file, by contract (right, strike) and milliseconds."""
    found = {}
    with zipfile.ZipFile(data / f"option/usa/minute/spy/{day:%Y%m%d}_quote_american.zip") as archive:
        for name in archive.namelist():
            right, strike, expiry = name.removesuffix(".csv").split("_")[-3:]
            for line in archive.read(name).decode().splitlines():
                fields = line.split(",")
                found[f"{right} {expiry}", int(strike), int(fields[0])] = (fields[1], fields[5], fields[6], fields[10])
    return found


def universe_of(data: Path, day: date) -> list[list[str]]:
    text = (data / f"option/usa/universes/spy/{day:%Y%m%d}.csv").read_text(encoding="utf-8")
    return [line.split(",") for line in text.splitlines()]


@pytest.mark.parametrize("make", [_cboe_intervals, _theta, _theta_old, _databento, _databento_raw, _polygon])
def test_interval_quotes(make: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows, out = vendor.chain("10:00", "10:15", "15:45"), tmp_path / "data"
    arguments = make(tmp_path, rows)
    assert main(["import", *arguments, "--out", str(out)]) == 0, capsys.readouterr().err
    for day in DAYS:
        wanted = {(f"{'call' if row.right == 'C' else 'put'} {row.expiry:%Y%m%d}", round(row.strike * 10_000),
                   (row.when.hour * 60 + row.when.minute - 1) * 60_000):
                  (str(round(row.bid * 10_000)) if row.bid else "", str(row.size) if row.bid else "0",
                   str(round(row.ask * 10_000)), str(row.size))
                  for row in rows if row.when.date() == day}
        assert quotes_of(out, day) == wanted
        _check_universe(out, day)
    assert "dropped: nothing" in capsys.readouterr().out


def _check_universe(data: Path, day: date) -> None:
    lines = universe_of(data, day)
    assert lines[0][0] == "#expiry" and lines[1][:3] == ["", "", ""] and len(lines) == 2 + 20
    near = [float(line[9]) for line in lines[2:] if 0.3 < abs(float(line[10])) < 0.7]
    assert len(near) >= 4 and all(volatility == pytest.approx(VOLATILITY, abs=0.006) for volatility in near)
    assert all((float(line[10]) > 0) == (line[2] == "C") for line in lines[2:] if float(line[9]))
    assert all(float(line[13]) < 0 < float(line[12]) for line in lines[2:] if float(line[9]))


def test_end_of_day_of_optionsdx(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows, out = vendor.chain("16:00"), tmp_path / "data"
    assert main(["import", *_optionsdx(tmp_path, rows), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "60 quotes read" in told and "SPY: 3 days, 2024-01-18 to 2024-01-22" in told
    assert "near the money, is 1.0" in told and "a fraction a year, as ours" in told
    for day in DAYS:
        assert {time for _, _, time in quotes_of(out, day)} == {(15 * 60 + 59) * 60_000}
        _check_universe(out, day)
    with zipfile.ZipFile(out / "equity/usa/daily/spy.zip") as archive:
        lines = archive.read("spy.csv").decode().splitlines()
    assert lines == [f"{day:%Y%m%d} 00:00,{','.join([str(round(vendor.SPOTS[day] * 10_000))] * 4)},0" for day in DAYS]


def test_a_day_s_one_quote_may_be_held(tmp_path: Path) -> None:
    assert main(["import", *_optionsdx(tmp_path, vendor.chain("16:00")), "--out", str(tmp_path / "data"), "--hold-from", "15:58"]) == 0
    found = quotes_of(tmp_path / "data", DAYS[0])
    assert {time // 60_000 for _, _, time in found} == {15 * 60 + 57, 15 * 60 + 58, 15 * 60 + 59}


def test_two_quotes_a_row_of_cboe(tmp_path: Path) -> None:
    first, last = vendor.chain("15:45"), vendor.chain("16:00")
    path = _write(tmp_path, "eod.csv", vendor.cboe_eod(first, last))
    assert main(["import", "cboe", path, "--out", str(tmp_path / "data")]) == 0
    found = quotes_of(tmp_path / "data", DAYS[1])
    assert {time // 60_000 for _, _, time in found} == {15 * 60 + 44, 15 * 60 + 59} and len(found) == 40
    assert {line[8] for line in universe_of(tmp_path / "data", DAYS[1])[2:]} == {"123"}


def test_an_index_has_european_options_by_root_in_its_own_folder(tmp_path: Path) -> None:
    first, last = vendor.chain("15:45"), vendor.chain("16:15")
    text = vendor.cboe_eod(first, last, symbol="^SPX", root="SPXW")
    assert main(["import", "cboe", _write(tmp_path, "spx.csv", text), "--out", str(tmp_path / "data")]) == 0
    with zipfile.ZipFile(tmp_path / "data/indexoption/usa/minute/spxw/20240118_quote_european.zip") as archive:
        names = archive.namelist()
        assert "20240118_spxw_minute_quote_european_call_4600000_20240126.csv" in names
        times = {int(line.split(",")[0]) // 60_000 for line in archive.read(names[0]).decode().splitlines()}
    assert times == {15 * 60 + 44, 16 * 60 + 14}
    with zipfile.ZipFile(tmp_path / "data/index/usa/minute/spx/20240118_trade.zip") as archive:
        assert archive.read(archive.namelist()[0]).decode().splitlines()[0].startswith(f"{(14 * 60 + 44) * 60_000},476.50,")


def test_greeks_of_the_day_s_end_of_thetadata_are_the_close_s(tmp_path: Path) -> None:
    path = _write(tmp_path, "greeks.csv", vendor.theta_eod(vendor.chain("16:00")))
    assert main(["import", "thetadata", path, "--out", str(tmp_path / "data")]) == 0
    assert {time // 60_000 for _, _, time in quotes_of(tmp_path / "data", DAYS[0])} == {15 * 60 + 59}


def test_any_table_by_a_mapping(tmp_path: Path) -> None:
    rows = vendor.chain("16:00")
    mapping, path = _write(tmp_path, "mine.toml", vendor.TABLE_MAPPING), _write(tmp_path, "mine.csv", vendor.table(rows))
    assert main(["import", "table", path, "--mapping", mapping, "--out", str(tmp_path / "data")]) == 0
    found = quotes_of(tmp_path / "data", DAYS[2])
    assert len(found) == 20 and found["put 20240126", 4800000, 959 * 60_000][2] == str(next(
        round(row.ask * 10_000) for row in rows if row.when.date() == DAYS[2] and row.right == "P" and row.strike == 480.0))


def test_later_months_are_added_and_a_day_is_not_written_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "data"
    for name, days in (("spy_eod_a.txt", DAYS[1:]), ("spy_eod_b.txt", DAYS[:1])):
        path = _write(tmp_path, name, vendor.optionsdx(vendor.chain("16:00", days=days)))
        assert main(["import", "optionsdx", path, "--out", str(out)]) == 0
    assert all((out / f"option/usa/universes/spy/{day:%Y%m%d}.csv").is_file() for day in DAYS)
    with zipfile.ZipFile(out / "equity/usa/daily/spy.zip") as archive:
        assert len(archive.read("spy.csv").decode().splitlines()) == 3
    assert (out / "equity/usa/map_files/spy.csv").read_text(encoding="utf-8").startswith("20240118,spy")
    assert main(["import", "optionsdx", path, "--out", str(out)]) == 2
    assert "already has SPY of 2024-01-18" in capsys.readouterr().err
    assert main(["import", "optionsdx", path, "--out", str(out), "--force"]) == 0


def test_a_written_scenario_is_not_mixed_with_real_quotes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from local.commands.staging import write_manifest
    (tmp_path / "data/option").mkdir(parents=True)
    write_manifest(tmp_path / "data", {"command": "data"})
    assert main(["import", *_optionsdx(tmp_path, vendor.chain("16:00")), "--out", str(tmp_path / "data")]) == 2
    assert "the command data wrote" in capsys.readouterr().err
