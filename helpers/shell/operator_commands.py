"""The operator's commands: status, halt, resume, flatten, liquidate, accept, what-if, flow, result. Each is audited."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, Mapping

from core.errors import CannotCompute, ConfigError, IntegrityError
from core.model import Refused, Select
from helpers.shell.components import Components
from helpers.shell.decision_rounds import DecisionRounds
from helpers.shell.figures import book_figures, ledger_figures
from helpers.shell.snapshots import SnapshotBuilder
from helpers.store.journal import Journal, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command. ``strategy`` narrows flatten, resume and what-if. ``amount`` belongs to flow (USD, deposits
    positive) and to result (USD, fees included); ``position`` names the trade of a result. ``reason`` is kept in the
    audit trail."""

    action: str
    strategy: str | None = None
    reason: str = "operator"
    amount: float | None = None
    position: str | None = None


def amount_of(value: float | str, action: str) -> float:
    """The amount of a command ``action`` in USD.

    Raises
    ------
    ConfigError
        If it is not a number.
    """
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ConfigError(f"{value!r} is no amount of USD for a {action}") from None


class OperatorCommands:
    """Carries out one command and returns plain facts."""

    def __init__(self, components: Components, builder: SnapshotBuilder, rounds: DecisionRounds, journal: Journal
                 ) -> None:
        self._parts = components
        self._builder = builder
        self._rounds = rounds
        self._journal = journal
        self._actions: Mapping[str, Callable[[Command, datetime], dict[str, Any]]] = {
            "status": self._status, "halt": self._halt, "resume": self._resume, "flatten": self._flatten,
            "liquidate": self._liquidate, "accept": self._accept, "what_if": self._what_if, "flow": self._flow,
            "result": self._result}

    def carry_out(self, command: Command, now: datetime) -> dict[str, Any]:
        """Carry out ``command``.

        Returns
        -------
        dict
            The answer, plain JSON.

        Raises
        ------
        ConfigError
            For an unknown action or strategy, or a flow that has no amount or exceeds the account.
        """
        action = self._actions.get(command.action.strip().lower().replace("-", "_"))
        if action is None:
            raise ConfigError(f"unknown command {command.action!r}; known: {', '.join(self._actions)}")
        if command.strategy is not None and command.strategy not in self._parts.strategies:
            raise ConfigError(f"unknown strategy {command.strategy!r}")
        answer: dict[str, Any] = plain(action(command, now))
        self._journal.event(now, "COMMAND", action=command.action, strategy=command.strategy, reason=command.reason,
                            amount=command.amount, position=command.position, answer=answer)
        return answer

    # --- actions ----------------------------------------------------------------------------------------------------

    def _status(self, command: Command, now: datetime) -> dict[str, Any]:
        book, view = self._parts.book, self._builder.view()
        return {"time": now, "phase": self._parts.phase.phase, "mode": view.mode, "halted": view.halted,
                "quarantined": list(view.quarantined), "breaker_level": view.breaker_level,
                "emergency": view.emergency.name, "equity": book.equity_last,
                "day_result_usd": book.equity_last - book.flows_today - book.equity_day_start,
                "entries_today": book.entries, "suspended": dict(view.suspended),
                "positions": [{"id": position.id, "state": position.state, "units": position.units,
                               "legs": [f"{leg.quantity:+d} {leg.contract.id}" for leg in position.legs]}
                              for position in self._parts.states.open_positions],
                "ledger": ledger_figures(self._parts), "book": self._book(now)}

    def _book(self, now: datetime) -> dict[str, Any]:
        try:
            return book_figures(self._parts, self._builder.snapshot(now))
        except CannotCompute as problem:
            return {"cannot_compute": problem.message, "facts": problem.facts}

    def _halt(self, command: Command, now: datetime) -> dict[str, Any]:
        self._parts.book.halted = command.reason
        return {"halted": command.reason}

    def _resume(self, command: Command, now: datetime) -> dict[str, Any]:
        if command.strategy is not None:
            self._parts.book.end_closing([command.strategy])
            self._parts.states.resume(command.strategy)
            self._parts.ledger.resume(command.strategy)
            return {"resumed": command.strategy}
        self._parts.book.halted = None
        self._parts.book.end_closing(self._parts.specs)
        locked = self._parts.breakers.resume(now)
        self._parts.emergency.clear(now)
        if locked is not None:
            return {"resumed": "all but the breakers", "still": {"code": locked.code, **locked.facts}}
        return {"resumed": "all"}

    def _close(self, strategies: list[str], reason: str, now: datetime) -> dict[str, Any]:
        """Close everything of ``strategies``, and continue until it is flat."""
        self._parts.book.close_until_flat(strategies, reason)
        chosen = [position.id for position in self._parts.states.open_positions if position.strategy in strategies]
        self._rounds.close_until_flat(now)
        return {"closing": chosen}

    def _flatten(self, command: Command, now: datetime) -> dict[str, Any]:
        """Close the positions of one strategy, or all except bought protection."""
        chosen = [name for name, spec in self._parts.specs.items()
                  if (name == command.strategy if command.strategy is not None else spec.counts_as_position)]
        return self._close(chosen, "OPERATOR_FLATTEN", now)

    def _liquidate(self, command: Command, now: datetime) -> dict[str, Any]:
        """Close everything, bought protection included, and halt."""
        self._parts.book.halted = command.reason
        return self._close(list(self._parts.specs), "OPERATOR_LIQUIDATE", now)

    def _accept(self, command: Command, now: datetime) -> dict[str, Any]:
        """Accept holdings that are not the framework's. They stay, and entries may resume. An order with an unknown
        outcome ends with what holdings and events tell."""
        self._parts.executor.reconcile(now, self._builder.holdings(), accept=True)
        accepted = self._parts.book.accept_quarantined()
        return {"accepted": list(accepted)}

    def _what_if(self, command: Command, now: datetime) -> dict[str, Any]:
        """What each strategy would answer now, up to its choice of contracts. Nothing is sent."""
        names = [command.strategy] if command.strategy is not None else list(self._parts.coordinator.names())
        try:
            snapshot, view = self._builder.snapshot(now), self._builder.view()
        except CannotCompute as problem:
            return {"cannot_compute": problem.message, **problem.facts}
        answers: dict[str, Any] = {}
        for name in names:
            answer: Refused | Select | None = self._parts.coordinator.screen(name, snapshot, view)
            if answer is None:
                wanted = self._parts.specs[name].underlyings
                answer = self._parts.coordinator.select(name, self._builder.with_chains(snapshot, wanted), view)
            answers[name] = ({"refused": answer.code, "facts": dict(answer.facts)} if isinstance(answer, Refused)
                             else {"contracts": [contract.id for contract in answer.contracts]})
        return answers

    def _result(self, command: Command, now: datetime) -> dict[str, Any]:
        """Record what a trade that was closed elsewhere made. It counts from now on."""
        if command.position is None or command.amount is None:
            raise ConfigError("result needs the id of a trade and what it made in USD")
        lost = self._parts.ledger.settle(command.position, command.amount)
        answer: dict[str, Any] = {"result": command.amount, "of": command.position,
                                  "waiting": list(self._parts.ledger.unknown_results)}
        return answer if lost is None else answer | {"suspended": lost.code}

    def _flow(self, command: Command, now: datetime) -> dict[str, Any]:
        """A deposit (positive) or a withdrawal. It changes neither phase, drawdown nor the day's loss.

        It may not be entered while the market is open. The money would move minutes before or after, and between the
        two every guard would see a loss.
        """
        if command.amount is None or not math.isfinite(command.amount) or command.amount == 0.0:
            raise ConfigError(f"flow needs an amount of USD, not {command.amount}")
        if self._parts.book.equity_last <= 0.0:
            raise ConfigError("an account that was worth nothing begins anew: no flow can be measured")
        if self._parts.book.equity_last + command.amount <= 0.0:
            raise ConfigError(f"a flow of {command.amount:.2f} leaves nothing of {self._parts.book.equity_last:.2f}")
        if self._builder.in_session(now):
            raise ConfigError("flow is told while the market is closed, once the money has moved")
        try:
            self._parts.phase.record_flow(command.amount, self._parts.book.equity_last + command.amount)
        except IntegrityError as problem:
            raise ConfigError(f"a flow of {command.amount:.2f} cannot be measured: {problem}") from problem
        self._parts.book.flow(command.amount)
        self._parts.ledger.record_flow(now.date(), command.amount)
        return {"flow": command.amount}
