"""``import``: option quotes that you own, as a data folder in LEAN's format with universe files.

Sources: ``optionsdx`` (end of day and intraday), ``cboe`` (DataShop: end of day with or without calcs, intervals),
``thetadata`` (end of day, quotes, Greeks; also the older layout), ``databento`` (OPRA definitions and cbbo-1m as CSV),
``polygon`` (quotes), and ``table``: any CSV or Parquet file with --mapping FILE. What is dropped is told, with its reason.
"""
from __future__ import annotations

import argparse
import math
import tempfile
from datetime import date
from pathlib import Path

from local.commands.arguments import add_force
from local.commands.data_out import PUT_ASIDE, check_out, place_data
from local.commands.errors import CommandError
from local.commands.progress import Progress, tell
from local.commands.staging import known_files
from local.data.archive import write_text
from local.data.importers.contracts import plain
from local.data.importers.importing import Imported, Order, import_quotes, report_lines
from local.data.importers.layouts import NEW_YORK, VENDORS, check_zone, read_mapping
from local.data.importers.prices import PriceTable, read_prices
from local.data.importers.underlyings import Split
from local.data.importers.values import clock
from local.data.static import write_static_files

HELP = "turn option quotes that you own into a data folder"
KIND = "import"
TABLE = "table"
REPORTS = "imports"
HIGHEST_YIELD = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("source", choices=(*VENDORS, TABLE), help="whose files they are")
    parser.add_argument("files", nargs="+", metavar="FILE", help="files, or folders of files: .csv .txt .gz .zip .parquet")
    parser.add_argument("--out", required=True, metavar="DIR",
                        help="data folder: a new one, an earlier import's, or LEAN's own; it is added to")
    parser.add_argument("--mapping", metavar="FILE", help="what the columns of a table mean (docs/import.md)")
    parser.add_argument("--underlying", metavar="TICKER", help="what the options are on, where the files do not say")
    parser.add_argument("--prices", type=_named_file, action="append", default=[], metavar="TICKER=FILE",
                        help="prices of an underlying (CSV: time, price or close) where the quotes come without")
    parser.add_argument("--zone", metavar="ZONE", help="of stamps that name none (default: the vendor's)")
    parser.add_argument("--hold-from", type=_clock, metavar="HH:MM",
                        help="a contract's one quote of a day stood since then: orders can fill the same day")
    parser.add_argument("--split", type=_split, action="append", default=[], metavar="TICKER=DAY:RATIO",
                        help="a split in the days imported, like AAPL=2020-08-31:4")
    parser.add_argument("--dividend-yield", type=_yield, action="append", default=[], metavar="TICKER=SHARE",
                        help="a fraction a year, for underlyings whose dividends are not on record")
    add_force(parser)


def _pair(text: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not plain(name) or not value.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not {form}")
    return plain(name), value.strip()


def _named_file(text: str) -> tuple[str, str]:
    return _pair(text, "TICKER=FILE")


def _clock(text: str) -> int:
    try:
        return clock(text) if ":" in text else clock("none")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time of day like 15:45") from None


def _split(text: str) -> tuple[str, Split]:
    ticker, told = _pair(text, "TICKER=DAY:RATIO")
    day, _, ratio = told.partition(":")
    try:
        found = Split(day=date.fromisoformat(day), ratio=float(ratio))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not TICKER=DAY:RATIO like AAPL=2020-08-31:4") from None
    if not math.isfinite(found.ratio) or found.ratio <= 0.0:
        raise argparse.ArgumentTypeError(f"ratio of {text!r} is not above zero")
    return ticker, found


def _yield(text: str) -> tuple[str, float]:
    ticker, told = _pair(text, "TICKER=SHARE")
    try:
        share = float(told)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not TICKER=SHARE like GOOG=0.005") from None
    if not 0.0 <= share <= HIGHEST_YIELD:
        raise argparse.ArgumentTypeError(f"dividend yield of {text!r} is a fraction from 0 to {HIGHEST_YIELD:g}, not {told}")
    return ticker, share


def order_of(arguments: argparse.Namespace) -> Order:
    """What the arguments ask for, checked.

    Raises
    ------
    CommandError, ImportRefused
        They contradict each other; a mapping or prices cannot be read.
    """
    if (arguments.source == TABLE) != bool(arguments.mapping):
        raise CommandError("table needs --mapping FILE: what its columns mean" if arguments.source == TABLE else
                           f"--mapping is for table: the columns of {arguments.source} are known")
    if arguments.zone:
        check_zone("--zone", arguments.zone)
    out, prices = Path(arguments.out), _prices(arguments)
    splits: dict[str, tuple[Split, ...]] = {}
    for ticker, split in arguments.split:
        splits[ticker] = (*splits.get(ticker, ()), split)
    return Order(source=arguments.source, files=tuple(arguments.files), out=out,
                 mapping=read_mapping(Path(arguments.mapping)) if arguments.mapping else None,
                 underlying=plain(arguments.underlying) if arguments.underlying else None, zone=arguments.zone, prices=prices,
                 hold_since=arguments.hold_from, splits=splits, yields=dict(arguments.dividend_yield),
                 ours=frozenset(known_files(out)), replace=arguments.force)


def _prices(arguments: argparse.Namespace) -> dict[str, PriceTable]:
    found: dict[str, PriceTable] = {}
    for ticker, path in arguments.prices:
        if ticker in found:
            raise CommandError(f"prices of {ticker} are given twice")
        found[ticker] = read_prices(ticker, Path(path), arguments.zone or NEW_YORK)
    return found


def run(arguments: argparse.Namespace) -> int:
    """Import, print the report and keep it in the folder."""
    out = Path(arguments.out)
    check_out(out, force=arguments.force, kind=KIND)
    order = order_of(arguments)
    with tempfile.TemporaryDirectory(prefix="tom-king-import-") as place:
        stage, scratch = Path(place) / "data", Path(place) / "rows"
        stage.mkdir()
        scratch.mkdir()
        found = import_quotes(order, stage, scratch, Progress("writing", "days"))
        write_static_files(stage)
        lines = report_lines(order, found)
        write_text(stage / REPORTS / f"{_report_name(order, found)}.txt", "\n".join(lines) + "\n")
        aside = place_data(stage, out, {"command": KIND}, force=arguments.force, keep_earlier=True)
    if aside:
        tell(f"{aside} files that stood in the way were put aside, into {out / PUT_ASIDE}")
    print("\n".join(lines))
    print(f"\ndata: {out}")
    return 0


def _report_name(order: Order, found: Imported) -> str:
    days = sorted(day for one in found.days.values() for day in one)
    return f"{order.source}-{'-'.join(sorted(found.days)).lower()}-{days[0]}-{days[-1]}"
