"""What the framework reports: one log line per decision, the same code in the audit trail, and counts of refusals."""

from __future__ import annotations

from collections import deque
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Callable, Final, Mapping

from config.run_parameters import LogLevel
from core.codes import MEASURED
from core.model import Refused
from helpers.store.audit_trail import Audit

RECENT_EVENTS: Final = 60
PLAIN_TYPES: Final = frozenset((str, int, bool, type(None)))
# Every event that is not named is INFO. Events for the audit trail alone are DEBUG.
SEVERITY: Final[Mapping[str, LogLevel]] = MappingProxyType({
    **dict.fromkeys(("CANNOT_COMPUTE", "COMMAND_REFUSED", "EXIT_DEFERRED", "GUARDS", "LATE_FILL", "LIMIT_WARNING",
                     "MARGIN_UNCONFIRMED", "ORDER_STUCK", "RESULT_UNKNOWN"), LogLevel.WARNING),
    **dict.fromkeys(("ORDER_FAILED", "ORDER_UNKNOWN", "PUBLISH_FAILED", "QUARANTINE", "RISK_BLIND", "SECRET_IN_GIT", "STORE_FAILED"),
                    LogLevel.ERROR)})


class Journal:
    """Log, audit trail and the counts of refusals.

    Parameters
    ----------
    log : callable
        Takes one line (LEAN's ``log``).
    audit : Audit
        Gets every event, whether it is logged or not.
    least : LogLevel
        Lowest severity that is logged.
    """

    def __init__(self, log: Callable[[str], None], audit: Audit, least: LogLevel = LogLevel.INFO) -> None:
        self._log = log
        self._audit = audit
        self._least = tuple(LogLevel).index(least)
        self._days: dict[tuple[date, str, str], dict[str, Any]] = {}
        self._approaches: dict[str, dict[str, Any]] = {}
        self._readings: dict[str, dict[str, Any]] = {}
        self._recent: deque[dict[str, Any]] = deque(maxlen=RECENT_EVENTS)
        self._told = {severity: 0 for severity in LogLevel}

    def event(self, time: datetime, name: str, **facts: Any) -> None:
        """Record one event. Facts that are ``None`` are left out."""
        shown = {key: plain(value) for key, value in facts.items() if value is not None}
        severity = SEVERITY.get(name, LogLevel.INFO)
        self._told[severity] += 1
        self._recent.append({"time": time.isoformat(), "event": name, "severity": severity.value, "facts": shown})
        self._line(severity, name, shown)
        self._audit.append(time, name, shown)

    def audit(self, time: datetime, name: str, facts: Mapping[str, Any]) -> None:
        """Write to the audit trail. It is logged only if everything is logged."""
        shown = plain(facts)
        self._line(LogLevel.DEBUG, name, shown)
        self._audit.append(time, name, shown)

    def _line(self, severity: LogLevel, name: str, shown: Mapping[str, Any]) -> None:
        if tuple(LogLevel).index(severity) >= self._least:
            self._log(f"{name} " + " ".join(f"{key}={value}" for key, value in shown.items()))

    def refused(self, time: datetime, strategy: str, refusal: Refused) -> None:
        """Count one refusal. The first of a kind each day is logged with its facts; the day's nearest miss is kept."""
        key = (time.date(), strategy, refusal.code.value)
        row = self._days.get(key)
        if row is None:
            facts = {name: plain(value) for name, value in refusal.facts.items()}
            self._days[key] = {"date": time.date().isoformat(), "strategy": strategy, "code": refusal.code.value,
                               "count": 1, "first": f"{time:%H:%M}", "last": f"{time:%H:%M}", "facts": facts,
                               "closest": _nearness(time, refusal)}
            self.event(time, "REFUSED", strategy=strategy, code=refusal.code.value, **_without(facts, "code"))
            return
        row["count"] += 1
        row["last"] = f"{time:%H:%M}"
        near = _nearness(time, refusal)
        if near is not None and (row["closest"] is None or _short_of(near) < _short_of(row["closest"])):
            row["closest"] = near

    def approach(self, time: datetime, rule: str, value: float, threshold: float) -> None:
        """Keep how near a rule's figure came to its threshold (as a share of it), for the report, and the latest."""
        self._readings[rule] = {"value": value, "threshold": threshold, "time": time.isoformat()}
        best = self._approaches.get(rule)
        if best is None or value / threshold > best["value"] / best["threshold"]:
            self._approaches[rule] = {"value": value, "threshold": threshold, "time": time.isoformat()}

    @property
    def refusal_days(self) -> list[dict[str, Any]]:
        """One row per day, strategy and code."""
        return list(self._days.values())

    @property
    def refusal_counts(self) -> dict[str, dict[str, int]]:
        """Number of days with a refusal, by strategy and code."""
        counts: dict[str, dict[str, int]] = {}
        for _, strategy, code in self._days:
            row = counts.setdefault(strategy, {})
            row[code] = row.get(code, 0) + 1
        return counts

    @property
    def closest_approaches(self) -> dict[str, dict[str, Any]]:
        """Each rule with its nearest approach."""
        return dict(self._approaches)

    @property
    def readings(self) -> dict[str, dict[str, Any]]:
        """Rule to its latest figure and threshold."""
        return dict(self._readings)

    @property
    def recent(self) -> list[dict[str, Any]]:
        """The latest events, oldest first, with their severities."""
        return list(self._recent)

    def told(self, severity: LogLevel) -> int:
        """Events of a severity in this life."""
        return self._told[severity]

    def flush(self) -> None:
        """Make sure that the audit trail is on disk."""
        self._audit.flush()


def _nearness(time: datetime, refusal: Refused) -> dict[str, Any] | None:
    """The refused figure and its limit; None if the code has none."""
    value, limit = (refusal.facts.get(name) for name in MEASURED.get(refusal.code, ("", "")))
    if value is None or limit is None or not limit:
        return None
    return {"value": round(float(value), 6), "limit": round(float(limit), 6), "time": f"{time:%H:%M}"}


def _short_of(near: Mapping[str, Any]) -> float:
    """The distance of a figure from its limit, as a share of the limit."""
    return float(abs(abs(near["value"]) - abs(near["limit"])) / abs(near["limit"]))


def _without(facts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    taken = {"time", "name", "strategy", *names}
    return {(f"fact_{key}" if key in taken else key): value for key, value in facts.items()}


def plain(value: object) -> Any:
    """JSON values only: None stays, enums by value, moments as ISO text, records as mappings, floats to six decimals."""
    if type(value) in PLAIN_TYPES:      # most values are: a status has hundreds of them, each minute
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value) if field.init}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, float):
        return round(value, 6) if value == value and abs(value) != float("inf") else str(value)
    if value is None or isinstance(value, (str, int, bool)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return str(value)
