"""What a run lends to its algorithm: the clock, the feed, the store, the log."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from local.engine.loop.clock import Clock
from local.engine.loop.object_store import ObjectStore
from local.engine.loop.schedule import Scheduler
from local.engine.market.feed import Feed


@dataclasses.dataclass(slots=True, kw_only=True)
class Services:
    """Services of one run."""

    clock: Clock
    feed: Feed
    scheduler: Scheduler
    object_store: ObjectStore
    parameters: Mapping[str, str]
    write_log: Callable[[str, datetime, Any], None]
    engine: Any
    name: str = "main"
    live: bool = False
    default_start: datetime = datetime(1998, 1, 1)
    default_end: datetime = datetime(1998, 1, 2)
    summary_statistics: dict[str, str] = dataclasses.field(default_factory=dict)
