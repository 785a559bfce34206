"""How a command reaches the algorithm: as LEAN takes it. A file in the folder where a launcher runs, or ``lean live
command`` for a container."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Protocol

from operations.dashboard.problems import DashboardError

APOSTROPHE, TYPOGRAPHIC = "'", "\u2019"
LEAN_SECONDS = 60


class Channel(Protocol):
    """One way to the algorithm."""

    def send(self, words: dict[str, Any]) -> None:
        """Hand over one command, once.

        Raises
        ------
        DashboardError
            It was certainly not handed over.
        """
        ...

    def tidy(self, reference: str) -> None:
        """The command was answered: what the way left behind is taken away."""
        ...


class CommandFolder:
    """The folder in which LEAN's process runs: it takes ``command-*.json`` from there, and answers beside.

    Parameters
    ----------
    folder : Path
        It must be there.

    Raises
    ------
    DashboardError
        It is not.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise DashboardError(f"{folder} is no folder: name the one LEAN's process runs in")
        self._folder = folder

    def send(self, words: dict[str, Any]) -> None:
        """Write the file whole: LEAN reads whatever has the name. See :class:`Channel`."""
        name = f"{words['reference']}.json"
        part = self._folder / f".part-{name}"
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(words | {"id": words["reference"]}, file)
            os.rename(part, self._folder / f"command-{name}")
        except OSError as error:
            raise DashboardError(f"the command could not be handed over: {error.strerror}") from error

    def tidy(self, reference: str) -> None:
        """Take LEAN's own answer away: the algorithm's is published."""
        (self._folder / f"result-command-{reference}.json").unlink(missing_ok=True)


class LeanCommand:
    """``lean live command`` for a project that runs in a container.

    Parameters
    ----------
    project : Path
        The project's folder.
    program : str
        The ``lean`` command.
    """

    def __init__(self, project: Path, program: str = "lean") -> None:
        self._project, self._program = project, program

    def send(self, words: dict[str, Any]) -> None:
        """The command takes a Python literal in which an apostrophe would end a text. See :class:`Channel`."""
        data = json.dumps({name: value for name, value in words.items() if value is not None}, ensure_ascii=False)
        call = [self._program, "live", "command", str(self._project), "--data", data.replace(APOSTROPHE, TYPOGRAPHIC)]
        try:
            answer = subprocess.run(call, capture_output=True, text=True, timeout=LEAN_SECONDS, check=False,
                                    stdin=subprocess.DEVNULL)
        except FileNotFoundError as error:
            raise DashboardError(f"{self._program} is not installed") from error
        except subprocess.TimeoutExpired:
            return      # it may have been handed over: it is shown until it is answered, and not sent again
        if answer.returncode and "does not" in answer.stderr + answer.stdout:
            raise DashboardError(f"lean live command: {(answer.stderr or answer.stdout).strip().splitlines()[-1][:200]}")

    def tidy(self, reference: str) -> None:
        """Nothing is left outside the container."""
