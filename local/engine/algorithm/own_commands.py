"""The part of QCAlgorithm that runs commands of the algorithm's own kinds."""
from __future__ import annotations

import json
from typing import Any

from local.engine.errors import ArgumentException, MemberNotSupported


class CallbackCommand:
    """A command as it arrives: its number, the name of its kind and its fields as JSON."""

    def __init__(self) -> None:
        self.id = self.type = self.payload = ""


class CommandResultPacket:
    """What a command answered; `success` is None where it gave no answer."""

    def __init__(self, name: str, success: bool | None) -> None:
        self.command_name, self.success = name, success


class BareAlgorithm:
    """An algorithm as commands see it on LEAN: QCAlgorithm's members, none of the algorithm's own."""

    def __init__(self, algorithm: Any, names: frozenset[str]) -> None:
        self.__dict__.update(_algorithm=algorithm, _names=names)

    def __getattr__(self, name: str) -> Any:
        if name not in self._names:
            raise AttributeError(f"'QCAlgorithm' object has no attribute '{name}'")
        return getattr(self._algorithm, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._algorithm, name, value)


class CommandMixin:
    """Registration and runs of commands; needs the log and `_bare`."""

    def _init_commands(self) -> None:
        self._command_kinds: dict[str, type] = {}
        self._told: set[str] = set()

    def add_command(self, kind: type) -> None:
        """Registers a class with `run(algorithm)`; commands of its name are run by it.

        Raises
        ------
        ArgumentException
            The class has no `run`.
        """
        if not callable(getattr(kind, "run", None)):
            raise ArgumentException(f"{kind.__name__} must implement run(algorithm)")
        self._command_kinds[kind.__name__.lower()] = kind

    def run_command(self, command: CallbackCommand) -> CommandResultPacket:
        """Runs a command by the class of its type; an error or an unknown type is logged once and gives no answer."""
        kind, success = self._command_kinds.get(command.type.lower()), None
        if kind is None:
            self._tell_once(command.type, f"Detected unregistered command type '{command.type}', will be ignored")
            return CommandResultPacket(command.type, None)
        try:
            made = kind()
            for name, value in (json.loads(command.payload) if command.payload else {}).items():
                if not name.startswith("$"):
                    setattr(made, _attribute(kind, name), value)
            success = made.run(self._bare)
        except Exception as error:  # noqa: BLE001 - the boundary to user code, as in LEAN
            self._tell_once(command.type, f"Unexpected error running command '{command.type}' error: '{error}'")
        return CommandResultPacket(command.type, success if isinstance(success, bool) else None)

    def broadcast_command(self, command: Any) -> None:
        """Sends a command to the organisation's other algorithms, which a backtest does not.

        Raises
        ------
        MemberNotSupported
            Live: it goes through QuantConnect's cloud.
        """
        if self.live_mode:
            raise MemberNotSupported("QCAlgorithm.broadcast_command in live mode")
        self._tell_once("broadcast", "Warning: sending broadcast commands is disabled in backtesting")

    def _tell_once(self, key: str, message: str) -> None:
        if key not in self._told:
            self._told.add(key)
            self.debug(message)


def _attribute(kind: type, name: str) -> str:
    """The class's own attribute of a field, whatever its case."""
    return next((own for own in dir(kind) if own.lower() == name.lower()), name)
