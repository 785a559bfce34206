"""Watches what is published and tells every page what has changed."""
from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from operations.dashboard.changes import changes
from operations.dashboard.commands import Commands
from operations.dashboard.schema import NAMES
from operations.dashboard.store_reader import Run, StoreReader, Unreadable

WATCH_SECONDS, BEAT_SECONDS, QUEUED, MOST_PAGES, TORN_TRIES = 0.1, 5.0, 200, 60, 30


def now_text() -> str:
    """The wall clock, UTC, ISO text."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


class Page:
    """One open page: what it must still be sent. One that does not keep up is let go and asks anew."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[str] = asyncio.Queue(QUEUED)
        self.lost = False

    def tell(self, text: str) -> None:
        """Queue one message."""
        try:
            self.waiting.put_nowait(text)
        except asyncio.QueueFull:
            self.lost = True


class Hub:
    """Keeps the last good documents of one run.

    Parameters
    ----------
    reader : StoreReader
    commands : Commands
    wanted : str or None
        The run to watch, ``paper/main``; None: the one that wrote last when none is watched yet.
    """

    def __init__(self, reader: StoreReader, commands: Commands, wanted: str | None,
                 clock: Callable[[], str] = now_text) -> None:
        self._reader, self._commands, self._wanted, self._clock = reader, commands, wanted, clock
        self.run: Run | None = None
        self.documents: dict[str, dict[str, Any]] = {}
        self.problems: dict[str, str] = {}
        self._marks: dict[str, tuple[int, int]] = {}
        self._torn: dict[str, int] = {}
        self._pages: list[Page] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    # --- pages ------------------------------------------------------------------------------------------------------

    def join(self) -> Page | None:
        """A new page, with everything there is queued; None where there are too many."""
        if len(self._pages) >= MOST_PAGES:
            return None
        page = Page()
        page.tell(json.dumps({"kind": "all", "now": self._clock(), "run": self.run.key if self.run else None,
                              "documents": self.documents, "problems": self.problems, "commands": self._commands.rows}))
        self._pages.append(page)
        return page

    def leave(self, page: Page) -> None:
        """A page is gone."""
        self._pages = [other for other in self._pages if other is not page]

    def tell_commands(self) -> None:
        """The list of commands has changed; from any thread."""
        message = {"kind": "commands", "commands": self._commands.rows}
        if self._loop is None:
            self._tell(message)
        else:
            self._loop.call_soon_threadsafe(self._tell, message)

    def _tell(self, message: dict[str, Any]) -> None:
        text = json.dumps(message | {"now": self._clock()})
        for page in self._pages:
            page.tell(text)

    # --- watching ---------------------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Look for changes for ever."""
        self._loop, beats = asyncio.get_running_loop(), 0.0
        while True:
            self.look()
            beats += WATCH_SECONDS
            if beats >= BEAT_SECONDS:
                beats = 0.0
                self._tell({"kind": "beat"})
                if self._commands.review():
                    self.tell_commands()
            await asyncio.sleep(WATCH_SECONDS)

    def look(self) -> None:
        """Read what has changed since the last look, and tell it."""
        if self.run is None:
            runs = self._reader.runs()
            self.run = next((run for run in runs if self._wanted in (None, run.key)), None)
            if self.run is None:
                return
        for name in NAMES:
            mark = self._reader.changed(self.run, name)
            if mark is not None and mark != self._marks.get(name):
                self._take(self.run, name, mark)

    def _take(self, run: Run, name: str, mark: tuple[int, int]) -> None:
        try:
            found = self._reader.document(run, name)
        except Unreadable as problem:
            self._torn[name] = self._torn.get(name, 0) + 1
            if self._torn[name] >= TORN_TRIES:      # not a file that is being written: it stays as it is
                self._marks[name] = mark
                self._note(name, str(problem))
            return
        self._marks[name], self._torn[name] = mark, 0
        self._note(name, "")
        before = self.documents.get(name, {})
        self.documents[name] = found
        if name == "status":
            if self._commands.hear(found["body"]["commands"]):
                self.tell_commands()
        self._tell({"kind": "changes", "document": name, "from": before.get("sequence"), "to": found["sequence"],
                    **changes(before, found)})

    def _note(self, name: str, problem: str) -> None:
        if self.problems.get(name, "") != problem:
            self.problems[name] = problem
            self._tell({"kind": "problems", "problems": self.problems})
