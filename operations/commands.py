"""The operator's words to LEAN: a command file in the launcher's folder, or the ``lean`` command. The dashboard sends its own
by the same two ways.

Each has an id and is sent once. A file that LEAN did not take in time is withdrawn, so that it is not carried out when
nobody expects it any more.
"""
from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from operations.disk import read_file
from operations.errors import OperationsError, refuse

WORDS = ("halt", "resume", "flatten", "liquidate")
STOP: Mapping[str, str] = {"$type": "QuantConnect.Commands.AlgorithmStatusCommand, QuantConnect.Common", "Status": "Stopped"}
ANSWER_SECONDS, LOOK_SECONDS = 60.0, 0.25
ANYBODY_READS = 0o644       # LEAN may run as another user, and there is nothing secret in it
APOSTROPHE, TYPOGRAPHIC = "'", "\u2019"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of a command: its id, whether LEAN took it, and whether the algorithm did it (None: no answer yet)."""

    id: str
    taken: bool
    done: bool | None


class Line:
    """The way to one running algorithm.

    Parameters
    ----------
    folder : Path or None
        The launcher's working folder.
    project : str or None
        The project's name for the ``lean`` command, where it runs in a container.
    """

    def __init__(self, folder: Path | None, project: str | None) -> None:
        if (folder is None) == (project is None):
            raise OperationsError("name one way to the algorithm: --folder of a launcher, or --project for the lean command")
        self._folder = folder
        self._project = project

    def send(self, words: Mapping[str, str], wait: Callable[[float], object]) -> Sent:
        """Send one command and wait for its answer.

        Raises
        ------
        OperationsError
            It cannot be sent.
        """
        if self._folder is not None:
            return _by_file(self._folder, words, wait)
        return _by_lean(str(self._project), words)


def command_place(folder: Path, key: str) -> Path:
    """The file that hands over the command ``key``; LEAN takes whatever is there, in the order of names."""
    return folder / f"command-{key}.json"


def answer_place(folder: Path, key: str) -> Path:
    """The file in which LEAN answers the command ``key``."""
    return folder / f"result-command-{key}.json"


def hand_over_file(folder: Path, key: str, words: Mapping[str, object]) -> None:
    """Put a command where LEAN takes it: its name means the whole of it.

    Raises
    ------
    OperationsError
        It was certainly not handed over.
    """
    place = command_place(folder, key)
    part = folder / f".{place.name}.part"
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, ANYBODY_READS)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({**words, "Id" if "$type" in words else "id": key}, file)
        os.replace(part, place)
    except OSError as error:
        refuse(f"the command cannot be handed over in {folder}", error)


def withdrawn(folder: Path, key: str) -> bool:
    """Take back a command that LEAN has not taken; False where it has."""
    try:
        os.unlink(command_place(folder, key))
    except FileNotFoundError:
        return False
    return True


def hand_over_by_lean(project: str, words: Mapping[str, object]) -> subprocess.CompletedProcess[str] | None:
    """What the ``lean`` command answered; None where it did not end in time: LEAN may have the command.

    Raises
    ------
    OperationsError
        There is no such command: it was certainly not handed over.
    """
    if "$type" in words:
        call = ["lean", "live", "stop", project]
    else:
        # the data is a literal in which an apostrophe within a value would end it
        given = {name: value for name, value in words.items() if value is not None}
        call = ["lean", "live", "command", project, "--data",
                json.dumps(given, ensure_ascii=False).replace(APOSTROPHE, TYPOGRAPHIC)]
    try:
        return subprocess.run(call, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                              timeout=ANSWER_SECONDS)
    except FileNotFoundError as error:
        raise OperationsError("the lean command is missing: install it, or name the launcher's folder") from error
    except subprocess.TimeoutExpired:
        return None


def _by_file(folder: Path, words: Mapping[str, str], wait: Callable[[float], object]) -> Sent:
    if not folder.is_dir():
        raise OperationsError(f"the launcher's folder {folder} is not there")
    key = secrets.token_hex(16)
    answer = answer_place(folder, key)
    hand_over_file(folder, key, words)
    for _ in range(int(ANSWER_SECONDS / LOOK_SECONDS)):
        if (found := _answer(answer)) is not None:
            return Sent(id=key, taken=True, done=found)
        wait(LOOK_SECONDS)
    if withdrawn(folder, key):
        return Sent(id=key, taken=False, done=None)
    return Sent(id=key, taken=True, done=_answer(answer))      # in this very moment, or long ago without an answer


def _answer(place: Path) -> bool | None:
    try:
        return bool(json.loads(read_file(place))["Success"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _by_lean(project: str, words: Mapping[str, str]) -> Sent:
    answer = hand_over_by_lean(project, words)
    if answer is None:
        return Sent(id="", taken=True, done=None)
    return Sent(id="", taken=answer.returncode == 0, done=answer.returncode == 0)
