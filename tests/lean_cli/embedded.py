"""The embedded engine as a process that takes LEAN's configuration file: ``python -m tests.lean_cli.embedded --config FILE``.

A live run is fed from the data folder. The key ``written-feed`` says from when on, and at which minutes the feed waits for
a command file: there the operator speaks. Its account is what the command hands over (paper), or stands with the feed (a
broker's own), and what it leaves is written as LEAN writes it.
"""
from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from local.engine.broker.broker import Account, Broker
from local.engine.loop.engine import Engine
from local.engine.loop.runner import run_project
from local.engine.market.symbol import SecurityIdentifier, Symbol

FEED = "written-feed"
WAITS = "the feed waits at"
POLL_SECONDS = 0.02


def main(arguments: Sequence[str]) -> int:
    """Run what the configuration names, until its end or the operator's stop. ``--parameters a:1,b:2``, as an optimisation
    starts its runs, is laid over the configuration's."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--parameters", default="")
    asked = parser.parse_args(arguments)
    given = json.loads(asked.config.read_text(encoding="utf-8"))
    given["parameters"] |= dict(pair.split(":") for pair in asked.parameters.split(",") if pair)
    if given["environments"][given["environment"]]["live-mode"]:
        return live(given)
    result = run_project(Path(given["algorithm-location"]).parent, data=Path(given["data-folder"]),
                         out=Path(given["results-destination-folder"]), parameters=given["parameters"],
                         run_id=given["algorithm-id"], store=Path(given["object-store-root"]), configuration=given)
    print(result.error, file=sys.stderr)
    return result.exit_code


def live(given: Mapping[str, Any]) -> int:
    """A live run on the written feed; 1 when the algorithm failed."""
    feed, out = given[FEED], Path(given["results-destination-folder"])
    first, *waits = (datetime.fromisoformat(text) for text in (feed["from"], *feed["waits"]))
    broker = Broker()
    broker.account = account(feed.get("account", given))
    engine = Engine(Path(given["algorithm-location"]).parent, Path(given["data-folder"]), out, given["parameters"],
                    live=True, broker=broker, start=first, end=datetime(first.year, first.month, first.day),
                    run_id=given["algorithm-id"], store=Path(given["object-store-root"]), configuration=given,
                    command_folder=Path.cwd())
    try:
        for until in waits:
            engine.run_until(until)
            print(WAITS, until, flush=True)
            while not engine.algorithm._has_ended and not engine.commands.is_waiting:
                time.sleep(POLL_SECONDS)
        engine.run_until(None)
        error = engine.algorithm.runtime_error
        if error is not None:
            raise error
        engine.finish()
    except Exception as failure:  # noqa: BLE001 - the boundary to the project's code
        print("".join(traceback.format_exception(failure)), file=sys.stderr)
        return 1
    leave(out / f"{given['algorithm-id']}.json", broker.account)
    return 0


def account(given: Mapping[str, Any]) -> Account:
    """What an account begins with, in the command's own words for a paper account."""
    cash = {row["currency"]: float(row["amount"]) for row in given.get("live-cash-balance", [])}
    held = {Symbol(SecurityIdentifier.parse(row["Symbol"]["ID"]), ""): (float(row["AveragePrice"]), float(row["Quantity"]))
            for row in given.get("live-holdings", [])}
    return Account(cash=cash, holdings=held)


def leave(path: Path, kept: Account | None) -> None:
    """Cash and holdings as LEAN's live result has them."""
    assert kept is not None
    document = {"Cash": {currency: {"symbol": currency, "amount": amount} for currency, amount in kept.cash.items()},
                "Holdings": {str(symbol.id): {"a": price, "q": quantity} for symbol, (price, quantity) in kept.holdings.items()}}
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
