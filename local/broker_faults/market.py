"""What the data feed does wrong: bars that stay away, sides that die, quotes that cross, a VIX that falls silent."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np

from local.broker_faults.faults import (CrossedQuotes, Fault, LyingQuotes, MarketFault, MissingSide, StaleQuotes,
                                        VixLost, WideQuotes)
from local.engine.broker.clock import to_utc
from local.engine.enums import Resolution, SecurityType
from local.engine.files.bar_columns import BarColumns
from local.engine.market.feed import Feed
from local.engine.market.series import BarLoader
from local.engine.time_zones import seconds_of

NEW_YORK = "America/New_York"
VIX = "VIX"
SIDES = ("open", "high", "low", "close", "size")


def spoil(feed: Feed, faults: Sequence[Fault]) -> None:
    """Have ``feed`` deliver minute bars as the market faults among ``faults`` say."""
    wanted = [fault for fault in faults if isinstance(fault, MarketFault)]
    if not wanted or getattr(feed, "is_spoiled", False):
        return
    feed.is_spoiled = True
    whole: Callable[..., BarLoader] = feed.loader

    def loader(symbol: Any, *others: Any) -> BarLoader:
        found = whole(symbol, *others)
        _spoil_loader(found, wanted)
        return found
    feed.loader = loader
    for found in feed._loaders.values():
        _spoil_loader(found, wanted)


def _concerns(fault: MarketFault, symbol: Any) -> bool:
    if isinstance(fault, VixLost):
        return symbol.security_type == SecurityType.INDEX and symbol.value == VIX
    if isinstance(fault, LyingQuotes):
        return str(symbol.value) == fault.option
    return bool(symbol.security_type.is_option())


def _spoil_loader(loader: BarLoader, faults: Sequence[MarketFault]) -> None:
    faults = [fault for fault in faults if _concerns(fault, loader.symbol)]
    if not faults or loader.resolution != Resolution.MINUTE or getattr(loader, "is_spoiled", False):
        return
    load, kept = loader.load, {}

    def spoiled(chunk: date) -> BarColumns | None:
        bars = load(chunk)
        if bars is None:
            return None
        if kept.get(chunk, (None,))[0] is not bars:
            kept[chunk] = (bars, _spoiled(bars, faults))
        return kept[chunk][1]
    loader.load = spoiled
    loader.is_spoiled = True


def _spoiled(bars: BarColumns, faults: Sequence[MarketFault]) -> BarColumns | None:
    for fault in faults:
        ends = np.array(bars.ends, dtype=np.int64)
        hit = (ends > seconds_of(to_utc(fault.start, NEW_YORK))) & (ends <= seconds_of(to_utc(fault.end, NEW_YORK)))
        if not hit.any():
            continue
        fault.hits += int(hit.sum())
        if isinstance(fault, (StaleQuotes, VixLost)):
            bars = _without(bars, hit)
        elif bars.kind == "quote":
            bars = _changed(bars, hit, fault)
        if bars is None:
            return None
    return bars


def _without(bars: BarColumns, hit: np.ndarray) -> BarColumns | None:
    if hit.all():
        return None
    keep = ~hit
    return BarColumns(bars.day, bars.kind, np.array(bars.starts, dtype=np.int64)[keep],
                      np.array(bars.ends, dtype=np.int64)[keep],
                      {name: values[keep] for name, values in bars.columns.items()})


def _changed(bars: BarColumns, hit: np.ndarray, fault: MarketFault) -> BarColumns:
    columns = dict(bars.columns)
    for part in SIDES:
        bid, ask = columns[f"bid_{part}"], columns[f"ask_{part}"]
        if isinstance(fault, CrossedQuotes):
            columns[f"bid_{part}"], columns[f"ask_{part}"] = np.where(hit, ask, bid), np.where(hit, bid, ask)
        elif isinstance(fault, MissingSide):
            name = f"{fault.side}_{part}"
            columns[name] = np.where(hit, 0.0, columns[name])
        elif isinstance(fault, LyingQuotes) and part != "size":
            columns[f"bid_{part}"] = np.where(hit, fault.bid, bid)
            columns[f"ask_{part}"] = np.where(hit, np.round(fault.ask_times * ask, 2), ask)
        elif isinstance(fault, WideQuotes) and part != "size":
            away = np.maximum(np.round((bid + ask) / 2.0 * fault.share, 2), 0.01)
            middle = (bid + ask) / 2.0
            columns[f"bid_{part}"] = np.where(hit, np.maximum(middle - away, 0.01), bid)
            columns[f"ask_{part}"] = np.where(hit, middle + away, ask)
    return BarColumns(bars.day, bars.kind, np.array(bars.starts, dtype=np.int64), np.array(bars.ends, dtype=np.int64),
                      columns)
