"""The operator's commands planned ahead for a backtest, as text: none arrive there by themselves.

One command is ``DATE TIME ACTION [STRATEGY]``: ``2024-08-28 10:30 flatten leap_put_ladder``,
``2024-08-05 12:00 halt``. Times are New York. Several are divided by semicolons. ``flow`` cannot be planned: it tells the
books of money that has moved, and in a backtest none does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from config.strategy_parameters import STRATEGY_PRIORITY
from core.errors import ConfigError

ACTIONS: Final = ("status", "halt", "resume", "flatten", "liquidate", "accept", "what_if")
BY_STRATEGY: Final = ("resume", "flatten", "what_if")
DIVIDER: Final = ";"
REASON: Final = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCommand:
    """One command and its minute; everything but ``at`` is what the operator would send.

    Attributes
    ----------
    at : datetime
        New York, whole minutes.
    action : str
        One of ``ACTIONS``.
    strategy : str or None
        Narrows ``resume``, ``flatten`` and ``what_if``.
    amount, position, reference : None
        No planned command has one.
    """

    at: datetime
    action: str
    strategy: str | None = None
    amount: None = None
    position: None = None
    reference: None = None
    reason: str = REASON


def read_commands(key: str, text: str) -> tuple[PlannedCommand, ...]:
    """Commands in the order of their times; of one minute, in the order they stand.

    Raises
    ------
    ConfigError
        One line: a command that cannot be read, or none at all.
    """
    commands = tuple(_command(key, part.strip()) for part in text.split(DIVIDER))
    return tuple(sorted(commands, key=lambda command: command.at))


def _command(key: str, text: str) -> PlannedCommand:
    words = text.split()
    if not 3 <= len(words) <= 4:
        raise ConfigError(f"{key}: {text!r} is not DATE TIME ACTION [STRATEGY]")
    at, action, last = _moment(key, words[0], words[1]), words[2].replace("-", "_"), words[3:]
    if action not in ACTIONS:
        raise ConfigError(f"{key}: unknown action {words[2]!r}; known: {', '.join(ACTIONS)}")
    if last and action not in BY_STRATEGY:
        raise ConfigError(f"{key}: {text!r}: only {', '.join(BY_STRATEGY)} may name a strategy")
    if last and last[0] not in STRATEGY_PRIORITY:
        raise ConfigError(f"{key}: unknown strategy {last[0]!r}; known: {', '.join(STRATEGY_PRIORITY)}")
    return PlannedCommand(at=at, action=action, strategy=last[0] if last else None)


def _moment(key: str, day: str, clock: str) -> datetime:
    try:
        return datetime.strptime(f"{day} {clock}", "%Y-%m-%d %H:%M")
    except ValueError:
        raise ConfigError(f"{key}: {day} {clock} is not a moment like 2024-07-01 10:30") from None
