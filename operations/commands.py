"""The operator's words to LEAN, without a dashboard: a command file in the launcher's folder, or the ``lean`` command.

Each has an id and is sent once. A file that LEAN did not take in time is withdrawn, so that it is not carried out when
nobody expects it any more.
"""
from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from operations.disk import read_file
from operations.errors import OperationsError, refuse

WORDS = ("halt", "resume", "flatten", "liquidate")
STOP: Mapping[str, str] = {"$type": "QuantConnect.Commands.AlgorithmStatusCommand, QuantConnect.Common", "Status": "Stopped"}
ANSWER_SECONDS, LOOK_SECONDS = 60.0, 0.25


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


def _by_file(folder: Path, words: Mapping[str, str], wait: Callable[[float], object]) -> Sent:
    if not folder.is_dir():
        raise OperationsError(f"the launcher's folder {folder} is not there")
    key = secrets.token_hex(16)
    place, answer = folder / f"command-{key}.json", folder / f"result-command-{key}.json"
    part = folder / f".{place.name}"
    try:
        part.write_text(json.dumps({**words, "Id" if "$type" in words else "id": key}), encoding="utf-8")
        os.replace(part, place)     # LEAN reads whatever is there: the name means the whole
    except OSError as error:
        refuse(f"the command cannot be written to {folder}", error)
    for _ in range(int(ANSWER_SECONDS / LOOK_SECONDS)):
        if (found := _answer(answer)) is not None:
            return Sent(id=key, taken=True, done=found)
        wait(LOOK_SECONDS)
    try:
        os.unlink(place)
    except FileNotFoundError:       # taken in this very moment, or long ago without an answer
        return Sent(id=key, taken=True, done=_answer(answer))
    return Sent(id=key, taken=False, done=None)


def _answer(place: Path) -> bool | None:
    try:
        return bool(json.loads(read_file(place))["Success"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _by_lean(project: str, words: Mapping[str, str]) -> Sent:
    if shutil.which("lean") is None:
        raise OperationsError("the lean command is missing: install it, or name the launcher's --folder")
    if "$type" in words:
        command = ["lean", "live", "stop", project]
    else:
        # the lean command reads a Python literal: an apostrophe within a value would end it
        data = json.dumps(dict(words)).replace("'", " ").replace('"', "'")
        command = ["lean", "live", "command", project, "--data", data]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return Sent(id="", taken=answer.returncode == 0, done=answer.returncode == 0)
