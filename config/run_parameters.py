"""Parameters of one run, checked once at the start. LEAN hands them over as text; everything after works on typed,
frozen values. A key that is not known, or a value out of bounds, stops the run with one line."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from types import MappingProxyType
from typing import Any, Callable, Final, Mapping, TypeVar

from config.calendars import AnnouncedDates
from config.constants import PHASES, STARTING_EQUITY_USD
from config.near_misses import meant
from config.own_dates import read_dates
from config.planned_commands import PlannedCommand, read_commands
from config.strategy_parameters import STRATEGY_PRIORITY
from core.errors import ConfigError
from core.model import EMPTY, Mode

ALL_STRATEGIES: Final = "all"
DEFAULT_PHASE: Final = 1
DEFAULT_ACCOUNT: Final = "main"
ACCOUNT_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
YES_OR_NO: Final[Mapping[str, bool]] = MappingProxyType({"yes": True, "no": False})
RUN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
Value = TypeVar("Value", bound=Enum)


class MarginAuthority(str, Enum):
    """Whose margin counts: the framework's own manager, or LEAN's position groups (for comparison)."""

    OWN = "own"
    LEAN = "lean"


class Fills(str, Enum):
    """How limits fill in a backtest: by LEAN's own model (the market must run through them), or as orders that are worked
    do (at the limit, once it concedes enough of the way from mid to natural)."""

    NATURAL = "natural"
    WORKED = "worked"


class Environment(str, Enum):
    """Development is a backtest, staging LEAN's paper trading, production live trading."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class LogLevel(str, Enum):
    """Severities, lowest first: a run logs those from its ``log_level`` on."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunParameters:
    """What one run is told from outside.

    Attributes
    ----------
    mode : Mode
        ``observe`` decides and sends nothing (default of a live run), ``trade`` (default of a backtest).
    strategies : tuple of str
        Names that are on, in order of priority.
    starting_phase : int
        1 to 4.
    cash : float
        Starting cash in USD (backtests); live accounts bring their own.
    margin : MarginAuthority
    fills : Fills
        Of backtests and paper trading; a broker fills as it does.
    environment : Environment
    start, end : date or None
        First and last day of a backtest; both or neither.
    log_level : LogLevel
    account : str
        Name under which a live run keeps its store: LEAN tells an algorithm nothing of the account it trades. Live
        runs that share a workspace need different names.
    restore : str or None
        LEAN's id of an earlier backtest whose store this one takes up, as a live run does after a restart. None: a
        backtest begins with nothing.
    commands : tuple of PlannedCommand
        The operator's commands of a backtest; live they arrive by themselves.
    dates : mapping
        Earnings, ex-dividend days and splits announced since this version, by kind and symbol.
    publish : bool
        Whether the run tells a reader each minute where it stands: always the default of a live run, of a backtest only
        when asked.
    """

    mode: Mode
    strategies: tuple[str, ...]
    starting_phase: int
    cash: float
    margin: MarginAuthority
    fills: Fills
    environment: Environment
    start: date | None
    end: date | None
    log_level: LogLevel
    account: str = DEFAULT_ACCOUNT
    restore: str | None = None
    commands: tuple[PlannedCommand, ...] = ()
    dates: AnnouncedDates = field(default_factory=lambda: EMPTY)
    publish: bool = False

    def __post_init__(self) -> None:
        if self.starting_phase not in PHASES:
            raise ConfigError(f"starting_phase must be one of {', '.join(map(str, PHASES))}, not {self.starting_phase}")
        if not (math.isfinite(self.cash) and self.cash > 0.0):
            raise ConfigError(f"cash must be a positive amount of USD, not {self.cash}")
        if not ACCOUNT_NAME.fullmatch(self.account):
            raise ConfigError(f"account must be 1 to 40 letters, digits, _ or -, not {self.account!r}")
        if self.restore is not None and not RUN_ID.fullmatch(self.restore):
            raise ConfigError(f"restore must be the id of a backtest: letters, digits, _ or -, not {self.restore!r}")
        if not self.strategies:
            raise ConfigError("strategies must name at least one strategy")
        unknown = [name for name in self.strategies if name not in STRATEGY_PRIORITY]
        if unknown:
            raise ConfigError(f"unknown strategy {unknown[0]!r}{meant(unknown[0], STRATEGY_PRIORITY)}; "
                              f"known: {', '.join(STRATEGY_PRIORITY)}")
        if len(set(self.strategies)) != len(self.strategies):
            raise ConfigError(f"a strategy is named twice: {', '.join(self.strategies)}")
        if (self.start is None) != (self.end is None):
            raise ConfigError("start and end must be given together")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ConfigError(f"end {self.end} is before start {self.start}")
        for command in self.commands:
            if self.start is None or self.end is None or not self.start <= command.at.date() <= self.end:
                raise ConfigError(f"the command of {command.at:%Y-%m-%d %H:%M} needs a backtest from start to end "
                                  "around it")

    def days(self) -> tuple[date, date]:
        """First and last day of a backtest.

        Raises
        ------
        ConfigError
            It was told neither.
        """
        if self.start is None or self.end is None:
            raise ConfigError("a backtest needs start and end, and was told neither: one --parameter of the lean command drops "
                              "all of config.json's, so name these two with it: --parameter start 2024-05-01 "
                              "--parameter end 2024-08-30")
        return self.start, self.end


def _choice(kind: type[Value]) -> Callable[[str, str], Value]:
    def read(key: str, text: str) -> Value:
        values = [member.value for member in kind]
        if text not in values:
            raise ConfigError(f"{key} must be one of {', '.join(values)}, not {text!r}")
        return kind(text)
    return read


def _integer(key: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise ConfigError(f"{key} must be a whole number, not {text!r}")
    return int(text)


def _amount(key: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"{key} must be a number, not {text!r}") from None


def _day(key: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{key} must be a date like 2024-07-01, not {text!r}") from None


def _names(key: str, text: str) -> tuple[str, ...]:
    """Names with commas; ``all`` stands for all, and a name behind a minus is left out: ``all,-hedge``. Of a name that is
    left out a part will do that no other name has."""
    if text == ALL_STRATEGIES:
        return STRATEGY_PRIORITY
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise ConfigError(f"{key} holds an empty name: {text!r}")
    names: list[str] = []
    for word in words:
        if word == ALL_STRATEGIES:
            names += STRATEGY_PRIORITY
        elif not word.startswith("-"):
            names.append(word)
    for word in words:
        if word.startswith("-"):
            names.remove(_left_out(key, word[1:], names))
    known = {name: rank for rank, name in enumerate(STRATEGY_PRIORITY)}
    return tuple(sorted(names, key=lambda name: known.get(name, len(known))))


def _left_out(key: str, word: str, names: list[str]) -> str:
    """The one name that is meant by what stands behind a minus."""
    found = [name for name in names if name == word] or [name for name in names if word and word in name]
    if len(found) != 1:
        raise ConfigError(f"{key} leaves out {word!r}, which is {'no' if not found else 'more than one'} strategy that is on"
                          f"{meant(word, STRATEGY_PRIORITY) if not found else ': ' + ', '.join(found)}")
    return found[0]


def _yes(key: str, text: str) -> bool:
    if text not in YES_OR_NO:
        raise ConfigError(f"{key} must be one of {', '.join(YES_OR_NO)}, not {text!r}")
    return YES_OR_NO[text]


def _text(key: str, text: str) -> str:
    return text


_READERS: Final[Mapping[str, Callable[[str, str], object]]] = {
    "mode": _choice(Mode), "strategies": _names, "starting_phase": _integer, "cash": _amount,
    "margin": _choice(MarginAuthority), "fills": _choice(Fills), "environment": _choice(Environment), "start": _day, "end": _day,
    "log_level": _choice(LogLevel), "account": _text, "restore": _text, "commands": read_commands,
    "dates": read_dates, "publish": _yes,
}
KNOWN_PARAMETERS: Final = tuple(_READERS)


def _defaults(live: bool) -> dict[str, Any]:
    return {
        "mode": Mode.OBSERVE if live else Mode.TRADE, "strategies": STRATEGY_PRIORITY,
        "starting_phase": DEFAULT_PHASE, "cash": STARTING_EQUITY_USD, "margin": MarginAuthority.OWN, "fills": Fills.WORKED,
        "environment": Environment.STAGING if live else Environment.DEVELOPMENT, "start": None, "end": None,
        "log_level": LogLevel.INFO, "publish": live,
    }


def parse(mapping: Mapping[str, str], *, live: bool) -> RunParameters:
    """Read LEAN's text parameters.

    Parameters
    ----------
    mapping : mapping of str to str
        Key to text. A key that is absent takes its default; an empty text is not a value and is refused. The days of a
        backtest are checked and then left out of a live run: the same folder runs everywhere.
    live : bool
        Whether LEAN runs in live mode (paper trading too).

    Raises
    ------
    ConfigError
        One line: an unknown key, a value that cannot be read or is out of bounds, or an environment that does not fit
        ``live``.
    """
    values = _defaults(live)
    for key, text in mapping.items():
        reader = _READERS.get(key)
        if reader is None:
            raise ConfigError(f"unknown parameter {key!r}{meant(key, KNOWN_PARAMETERS)}; "
                              f"known: {', '.join(KNOWN_PARAMETERS)}")
        if not isinstance(text, str) or not text.strip():
            raise ConfigError(f"{key} must be text with a value, not {text!r}")
        values[key] = reader(key, text.strip())
    if live and "commands" in values:
        raise ConfigError("commands are planned for a backtest; a live run is sent them")
    if live and "restore" in values:
        raise ConfigError("restore is for a backtest; a live run always takes up the store of its account")
    parameters = RunParameters(**values)
    if live == (parameters.environment is Environment.DEVELOPMENT):
        run = "a live run" if live else "a backtest"
        raise ConfigError(f"environment {parameters.environment.value} does not fit {run}")
    return replace(parameters, start=None, end=None) if live else parameters
