"""What cannot be read is refused in one line that names the file and, where one is to blame, the line; what is no quote is
dropped, counted and told with its first place."""
from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from local.__main__ import main
from tests.local.data.importers import vendor_files as vendor
from tests.local.data.importers.vendor_files import DAYS, TABLE_MAPPING

EOD = vendor.chain("16:00", days=DAYS[:1])
INTERVALS = vendor.chain("10:00", "10:15", days=DAYS[:1])
CBOE, THETA, POLYGON = vendor.cboe_intervals(INTERVALS), vendor.theta_quotes(INTERVALS), vendor.polygon(INTERVALS)
DEFINITIONS, CBBO = vendor.databento(INTERVALS)
OPTIONSDX, TABLE = vendor.optionsdx(EOD), vendor.table(EOD)
PRICES = vendor.prices(INTERVALS)


def line(text: str, number: int, old: str, new: str) -> str:
    """The text with something else in one line."""
    lines = text.split("\n")
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new, 1)
    return "\n".join(lines)


def without(text: str, column: str) -> str:
    """The text whose header does not know a column."""
    assert column in text.split("\n")[0]
    return text.replace(column, "something", 1)


# source, file's name, its text, what else is said on the command line, what is answered
BAD = {
    "strike no number": ("cboe", "q.csv", line(CBOE, 3, "460.000", "4x0"), "", r"q.csv line 3: strike '4x0' is not a number"),
    "strike zero": ("cboe", "q.csv", line(CBOE, 4, "460.000", "0"), "", r"q.csv line 4: strike '0' is not above zero"),
    "bid no number": ("cboe", "q.csv", line(CBOE, 2, ",20,", ",20,?"), "", r"q.csv line 2: bid '\?.*' is not a number"),
    "bid below zero": ("cboe", "q.csv", line(CBOE, 2, ",20,", ",20,-"), "", r"q.csv line 2: bid '-.*' is below 0"),
    "bid infinite": ("table", "t.csv", line(TABLE, 2, f"{EOD[0].bid}", "inf"), "", r"t.csv line 2: bid 'inf' is not a finite number"),
    "right unknown": ("cboe", "q.csv", line(CBOE, 5, ",P,", ",X,"), "", r"q.csv line 5: right 'X' is neither call nor put"),
    "expiry no date": ("cboe", "q.csv", line(CBOE, 6, "2024-01-26", "2024-13-26"), "", r"q.csv line 6: '2024-13-26' is not a date"),
    "expiry blank": ("cboe", "q.csv", line(CBOE, 6, "2024-01-26", ""), "", r"q.csv line 6: the date is blank"),
    "expiry of no market": ("cboe", "q.csv", line(CBOE, 6, "2024-01-26", "1024-01-26"), "", r"q.csv line 6: '1024-01-26' is no year"),
    "time no time": ("cboe", "q.csv", line(CBOE, 2, "10:00:00", "10h00"), "", r"q.csv line 2: '2024-01-18 10h00' is not a date or time"),
    "day before the calendar": ("cboe", "q.csv", line(CBOE, 2, "2024-01-18 ", "2004-01-20 "), "",
                                r"q.csv line 2: 2004-01-20 is not covered: the exchange calendar has \d{4} to \d{4}"),
    "ticker blank": ("cboe", "q.csv", line(CBOE, 2, ",SPY,", ",,"), "", r"q.csv line 2: the ticker is blank"),
    "row too short": ("cboe", "q.csv", line(CBOE, 7, ",C,", ","), "", r"q.csv line 7: 19 fields where 20 belong"),
    "row too long": ("cboe", "q.csv", line(CBOE, 8, "SPY,", "SPY,SPY,"), "", r"q.csv line 8: 21 fields where 20 belong"),
    "row far too long": ("cboe", "q.csv", line(CBOE, 9, "SPY,", "SPY,,,,"), "", r"q.csv line 9: 23 fields where 20 belong"),
    "quotation mark open": ("cboe", "q.csv", line(CBOE, 10, "SPY,", '"SPY,'), "", r"q.csv line 10: a quotation mark is not closed"),
    "column missing": ("cboe", "q.csv", without(CBOE, "strike"), "", r"q.csv line 1: not a file of cboe: no column strike"),
    "column named twice": ("cboe", "q.csv", CBOE.replace("ask_size", "bid_size", 1), "", r"q.csv line 1: column bid_size stands twice"),
    "another vendor's": ("optionsdx", "q.csv", CBOE, "", r"q.csv line 1: not a file of optionsdx: no column quote_readtime"),
    "empty": ("cboe", "q.csv", "", "", r"q.csv line 1: the file is empty"),
    "header alone": ("cboe", "q.csv", CBOE.split("\r\n")[0] + "\r\n", "", r"q.csv holds no row"),
    "no text": ("cboe", "q.csv", b"\xff\xfe\x00\x01", "", r"q.csv: byte 0 is no UTF-8 text"),
    "gzip cut short": ("cboe", "q.csv.gz", gzip.compress(CBOE.encode())[:-20], "", r"q.csv.gz is damaged"),
    "zip that is none": ("cboe", "q.zip", "PK", "", r"q.zip is damaged"),
    "7z": ("optionsdx", "spy.7z", "7z", "", r"spy.7z: unpack it first: 7z x spy.7z"),
    "zstd": ("databento", "q.csv.zst", "", "", r"q.csv.zst: unpack it first: zstd -d"),
    "DBN": ("databento", "q.dbn.zst", "", "", r"q.dbn.zst: a DBN file: write it as CSV first"),
    "kind unknown": ("cboe", "q.xlsx", "", "", r"q.xlsx: not one of .csv"),
    "aggregates": ("polygon", "day.csv", "ticker,volume,open,close,high,low,window_start,transactions\n", "",
                   r"day.csv line 1: aggregates are trades, without quotes"),
    "no contract's symbol": ("polygon", "p.csv", line(POLYGON, 2, "O:SPY240126C", "O:SPY240126X"), "--prices SPY={prices}",
                             r"p.csv line 2: 'O:SPY240126X00460000' is not an option's symbol"),
    "stamp of another unit": ("polygon", "p.csv", line(POLYGON, 3, "170558", "2024-01-18T170558"), "--prices SPY={prices}",
                              r"p.csv line 3: time '2024-01-18T.*' is not a whole number of ns since 1970"),
    "prices of the underlying absent": ("thetadata", "q.csv", THETA, "", r"q.csv: the file has no prices of SPY: --prices SPY=FILE"),
    "instrument undefined": ("databento", "q.csv", CBBO, "--prices SPY={prices}",
                             r"q.csv line 2: no definition of instrument \d+ on 2024-01-18: name the definition file"),
    "definitions alone": ("databento", "d.csv", DEFINITIONS, "--prices SPY={prices}", r"only definitions were named, and no quotes"),
    "time of another zone": ("optionsdx", "spy_eod.txt", line(OPTIONSDX, 3, "16:00", "21:00"), "",
                             r"spy_eod.txt line 3: its time and quote_unixtime are 300 minutes apart"),
    "sizes no pair": ("optionsdx", "spy_eod.txt", line(OPTIONSDX, 2, "20 x 20", "20 / 20"), "",
                      r"spy_eod.txt line 2: sizes '20 / 20' are not like '300 x 300'"),
    "ticker unknown": ("optionsdx", "january.txt", OPTIONSDX, "", r"january.txt: the file does not say what its options are on"),
    "zone not told": ("cboe", "q.csv", CBOE.replace(" 10:", " 17:"), "",
                      r"q.csv line 2: 40 of 40 quotes lie outside the session: .*--zone"),
    "zone unknown": ("cboe", "q.csv", CBOE, "--zone Mars/Olympus", r"--zone 'Mars/Olympus' is no time zone"),
    "split not told": ("cboe", "q.csv", CBOE + vendor.cboe_intervals(vendor.chain("10:00", days=DAYS[1:2])).split("\n", 1)[1].replace(
        "482.39", "120.59").replace("482.41", "120.61"), "",
        r"SPY went from 476.75 on 2024-01-18 to 120.6 on 2024-01-19, like a split of 4 for 1: --split SPY=2024-01-19:4"),
    "dividends unknown": ("cboe", "q.csv", CBOE.replace("SPY", "GOOG"), "", r"no dividends of GOOG are on record.*--dividend-yield GOOG="),
    "nothing left": ("cboe", "q.csv", CBOE.replace("2024-01-18 ", "2024-01-20 "), "",
                     r"nothing is left to write: 40 quotes read, dropped: 40 not a trading day"),
    "mapping for a vendor": ("cboe", "q.csv", CBOE, "--mapping {mapping}", r"--mapping is for table"),
    "file not there": ("cboe", None, "", "", r"none.csv is not there"),
    "prices no price": ("thetadata", "q.csv", THETA, "--prices SPY={bad_prices}", r"bad.csv line 3: close '0' is not a price"),
    "prices without a column": ("thetadata", "q.csv", THETA, "--prices SPY={no_prices}", r"none.csv line 1: prices need a column time or"),
}


@pytest.mark.parametrize("case", BAD)
def test_is_refused_in_one_line(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, name, text, more, answer = BAD[case]
    places = {"prices": "prices.csv", "bad_prices": "bad.csv", "no_prices": "none.csv", "mapping": "map.toml"}
    for place, content in (("prices.csv", PRICES), ("bad.csv", "time,close\n2024-01-18 09:59,470\n2024-01-18 10:00,0\n"),
                           ("none.csv", "moment,figure\n"), ("map.toml", TABLE_MAPPING)):
        (tmp_path / place).write_text(content, encoding="utf-8")
    if name is None:
        (tmp_path / "none.csv").unlink()
    else:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    words = more.format(**{key: tmp_path / place for key, place in places.items()}).split()
    if source == "table":
        words += ["--mapping", str(tmp_path / "map.toml")]
    assert main(["import", source, str(tmp_path / (name or "none.csv")), "--out", str(tmp_path / "out"), *words]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len([one for one in told if one.startswith("error:")]) == 1 and re.search(answer, told[-1]), told
    assert not (tmp_path / "out").exists()


MAPPINGS = {
    "no TOML": ("[columns", r"mapping map.toml: "),
    "setting misspelt": ('zones = "UTC"\n' + TABLE_MAPPING, r"mapping map.toml: unknown 'zones' \(did you mean 'zone'\?\)"),
    "field misspelt": (TABLE_MAPPING.replace('strike = "', 'strikes = "'),
                       r"mapping map.toml: unknown 'strikes' \(did you mean 'strike'\?\)"),
    "zone unknown": (TABLE_MAPPING.replace("America/New_York", "New York"), r"mapping map.toml: zone 'New York' is no time zone"),
    "no bid": (TABLE_MAPPING.replace('bid = "Call Bid"\n', ""), r"mapping map.toml: no column for bid"),
    "no strike": (TABLE_MAPPING.replace('strike = "Strike"\n', ""), r"mapping map.toml: no column for strike"),
    "no day": (TABLE_MAPPING.replace('date = "Trade Date"\n', ""), r"mapping map.toml: no column for time or date"),
    "no time of day": (TABLE_MAPPING.replace('at = "16:00"\n', ""), r"mapping map.toml: the file has days only"),
    "no underlying": (TABLE_MAPPING.replace('underlying = "SPY"\n', ""), r"mapping map.toml: no column for underlying, root or symbol"),
    "time no time": (TABLE_MAPPING.replace('"16:00"', '"25:00"'), r"mapping map.toml: at must be a time like 15:45, or close"),
    "right wrong": (TABLE_MAPPING.replace('right = "P"', 'right = "put"'), r"mapping map.toml: quotes.right must be C or P"),
    "scale zero": ("strike_scale = 0\n" + TABLE_MAPPING, r"mapping map.toml: strike_scale must be a number above zero"),
    "unit unknown": ('time_unit = "days"\n' + TABLE_MAPPING, r"mapping map.toml: time_unit must be one of text, s, ms, us, ns"),
    "column of another file": (TABLE_MAPPING.replace("Call Ask", "Call Offer"), r"t.csv line 1: not a file of table: no column call offer"),
}


@pytest.mark.parametrize("case", MAPPINGS)
def test_a_mapping_that_cannot_be_used(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, answer = MAPPINGS[case]
    (tmp_path / "map.toml").write_text(text, encoding="utf-8")
    (tmp_path / "t.csv").write_text(TABLE, encoding="utf-8")
    assert main(["import", "table", str(tmp_path / "t.csv"), "--mapping", str(tmp_path / "map.toml"), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1 and re.search(answer, told[0]), told


def _crossed(row: str) -> str:
    return re.sub(r"(,20,)[\d.]+(,20,)", r"\g<1>99.0000\g<2>", row)


DROPPED = {
    "crossed": _crossed,
    "no bid and no ask": lambda row: re.sub(r",20,[\d.]+,20,[\d.]+,", ",0,0.0000,0,0.0000,", row),
    "no price of the underlying": lambda row: row.replace("476.49,476.51", "0.0000,0.0000").replace("476.4900,476.5100", "0,0"),
    "stale": lambda row: re.sub(r",20,[\d.]+,20,[\d.]+,", ",20,0.0100,20,0.0200,", row),
    "outside the session": lambda row: row.replace("10:00:00", "08:00:00"),
    "adjusted contract": lambda row: row.replace(",SPY,", ",SPY1,"),
    "expired contract": lambda row: row.replace(",2024-01-26,", ",2024-01-17,"),
    "duplicate row": lambda row: f"{row}\n{row}",
    "second quote of the same moment": lambda row: row + "\n" + re.sub(r"(,20,)([\d.]+)(,20,)", r"\g<1>0.5000\g<3>", row),
}


@pytest.mark.parametrize("reason", DROPPED)
def test_what_is_no_quote_is_dropped_and_told(reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = CBOE.replace("\r", "").split("\n")
    place = next(number for number, row in enumerate(rows) if "10:00:00" in row and ",2024-01-26,460.000,C," in row)
    rows[place] = DROPPED[reason](rows[place])
    (tmp_path / "q.csv").write_text("\n".join(rows), encoding="utf-8")
    assert main(["import", "cboe", str(tmp_path / "q.csv"), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    at = place + 1 + (reason in ("duplicate row", "second quote of the same moment"))
    assert re.search(rf"  1 {reason} \(.*\); first: q.csv line {at}$", told, re.M), told
    assert re.search(rf"^written: {40 if at > place + 1 else 39} quotes", told, re.M)


def test_what_is_kept_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = CBOE.replace("\r", "").split("\n")
    rows[1] = re.sub(r",20,[\d.]+,20,([\d.]+),", r",20,\g<1>,20,\g<1>,", rows[1])
    rows[3] = re.sub(r",20,[\d.]+,20,", ",0,0.0000,20,", rows[3])
    (tmp_path / "q.csv").write_text("\n".join(rows), encoding="utf-8")
    assert main(["import", "cboe", str(tmp_path / "q.csv"), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "dropped: nothing" in told and "1 locked: bid equals ask; first: q.csv line 2" in told
    assert re.search(r"no bid; first: q.csv line \d+", told)
    kept = next((tmp_path / "out/imports").iterdir()).read_text(encoding="utf-8")
    assert kept.strip() in told


def test_a_told_split_stands_in_the_factor_file(tmp_path: Path) -> None:
    later = vendor.cboe_intervals(vendor.chain("10:00", days=DAYS[1:2]))
    for old, new in (("482.3900", "120.5900"), ("482.4100", "120.6100"), ("460.000,P", "120.000,P"), ("460.000,C", "120.000,C")):
        later = later.replace(old, new)
    (tmp_path / "a.csv").write_text(CBOE, encoding="utf-8")
    (tmp_path / "b.csv").write_text(later, encoding="utf-8")
    assert main(["import", "cboe", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--out", str(tmp_path / "out"),
                 "--split", "SPY=2024-01-19:4"]) == 0
    text = (tmp_path / "out/equity/usa/factor_files/spy.csv").read_text(encoding="utf-8")
    assert text.splitlines() == ["20240118,1,0.25,1", "20240118,1,0.25,476.75", "20501231,1,1,0"]


def test_stamps_of_a_told_zone(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text(CBOE.replace(" 10:", " 15:"), encoding="utf-8")
    assert main(["import", "cboe", str(tmp_path / "q.csv"), "--out", str(tmp_path / "out"), "--zone", "UTC"]) == 0
    assert (tmp_path / "out/option/usa/universes/spy/20240118.csv").is_file()
