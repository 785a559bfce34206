"""Which underlyings can be traded where. It is known before any order, so what is unavailable is off from the start."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import Final, Mapping

NO_MAPPING: Final = "LEAN maps no options on micro futures: neither bought data nor the live plugin has them"
NO_CHAIN: Final = "the data has no chain of it"
UNMAPPED: Final = ("/MES", "/MCL", "/MGC")


class Venue(str, Enum):
    """Where an algorithm gets its options from."""

    WRITTEN = "written data, embedded engine or LEAN"
    BOUGHT = "LEAN backtest, bought data"
    LIVE = "LEAN live, TastyTrade"


# Underlyings whose options are not available at a venue, and why.
ABSENT: Final[Mapping[Venue, Mapping[str, str]]] = MappingProxyType({
    Venue.WRITTEN: MappingProxyType({}),
    Venue.BOUGHT: MappingProxyType(dict.fromkeys(UNMAPPED, NO_MAPPING)),
    Venue.LIVE: MappingProxyType(dict.fromkeys(UNMAPPED, NO_MAPPING)),
})
