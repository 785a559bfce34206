"""Live commands: JSON files in the command folder, handed to the algorithm and answered in a result file."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.engine.collections import LeanDictionary
from local.engine.loop.typed_commands import command_name

_PATTERN = "command*.json"


class Command:
    """The fields of a command: attributes whose case does not matter; a missing field is None.

    An algorithm may derive kinds of its own from it, with their fields as attributes.
    """

    def __init__(self, fields: dict[str, Any] | None = None) -> None:
        self.__dict__["_fields"] = {key.lower(): _nested(value) for key, value in (fields or {}).items()}

    def run(self, algorithm: Any) -> bool | None:
        """Carries the command out; kinds of an algorithm's own say how."""
        raise NotImplementedError("Please implement the 'def run(algorithm) -> bool | None:' method")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.__dict__.get("_fields", {}).get(name.lower())

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            object.__setattr__(self, name, value)
        else:
            self.__dict__.setdefault("_fields", {})[name.lower()] = value


def _nested(value: Any) -> Any:
    if isinstance(value, dict):
        return LeanDictionary({key: _nested(item) for key, item in value.items()})
    return [_nested(item) for item in value] if isinstance(value, list) else value


class CommandFolder:
    """Reads, deletes and answers command files."""

    def __init__(self, folder: Path, run: Callable[[Command], Any], report: Callable[[str], None],
                 typed: Callable[[dict[str, Any]], bool | None]) -> None:
        self._folder, self._run, self._report, self._typed = folder, run, report, typed

    @property
    def is_waiting(self) -> bool:
        """Whether a command file is there."""
        return next(self._folder.glob(_PATTERN), None) is not None

    def process(self) -> int:
        """Runs every waiting command, in order of file names; the number of commands run."""
        done = 0
        for file in sorted(self._folder.glob(_PATTERN)):
            text = file.read_text(encoding="utf-8")
            file.unlink()
            done += self._one(text)
        return done

    def _one(self, text: str) -> bool:
        try:
            fields = json.loads(text)
        except json.JSONDecodeError as error:
            self._report(f"command is not JSON: {error}")
            return False
        if not isinstance(fields, dict):
            self._report("command is not a JSON object")
            return False
        given = {key.lower(): value for key, value in fields.items()}
        name = command_name(fields)
        success = self._run(Command(fields)) if name is None else self._typed(fields)
        self._answer(str(given.get("id") or ""), success, name or "CallbackCommand")
        return True

    def _answer(self, command_id: str, success: Any, name: str) -> None:
        if not command_id:
            self._report("The command's id is null or empty, it has no result file")
            return
        result = {"CommandName": name, "Success": success if isinstance(success, bool) else None}
        (self._folder / f"result-command-{command_id}.json").write_text(json.dumps(result), encoding="utf-8")
