"""The trade ledger: closed trades, flows and daily marks, and the figures derived from them.

Sizing (each strategy's sample), suspension (a lost edge), the phase, the day-trade rule and the reports all read it.
The ledger only ever grows.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import isfinite
from types import MappingProxyType
from typing import Any, Collection, Mapping

from config.constants import PATTERN_DAY_TRADE_WINDOW_SESSIONS, PROMOTION_DAYS, PROMOTION_TRADES
from config.strategy_parameters import SPECS
from config.strategy_spec import StrategySpec
from core.codes import RefusalCode
from core.errors import CannotCompute, ConfigError, IntegrityError
from core.kelly import strategy_edge
from core.market_values import guard_refusal
from core.model import Refused, StrategySample
from core.performance import (EquityStatistics, TradeStatistics, daily_results, daily_returns, equity_statistics, pnl_by,
                              trade_statistics)
from core.phase_manager import PromotionFacts
from core.serialization import Encoded, canonical
from core.trade_records import ClosedTrade, Flow, Mark

PROMOTION_WINDOW = timedelta(days=PROMOTION_DAYS)

__all__ = ["ClosedTrade", "Flow", "Mark", "StrategyRecord", "TradeLedger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyRecord:
    """What a strategy was planned to do and what it did. Planned rates are None for fixed allocations."""

    planned_win_rate: float | None
    planned_payoff_ratio: float | None
    min_win_rate: float | None
    achieved: TradeStatistics
    suspended: RefusalCode | None


class TradeLedger:
    """Records trades, flows and marks.

    Parameters
    ----------
    starting_equity : float
        USD, before the first mark.
    specs : mapping of str to StrategySpec
        Every strategy that may be recorded.

    Raises
    ------
    IntegrityError
        If the starting equity is not a positive number.
    """

    def __init__(self, starting_equity: float, specs: Mapping[str, StrategySpec] = SPECS) -> None:
        self._specs = specs
        self._trades: list[ClosedTrade] = []
        self._texts: list[str] = []
        self._ids: set[str] = set()
        self._flows: list[Flow] = []
        self._marks: list[Mark] = []
        self._suspended: dict[str, RefusalCode] = {}
        self._sample_from: dict[str, int] = {}
        self._samples: dict[str, tuple[tuple[int, int], StrategySample]] = {}
        self._day_trades: tuple[tuple[date, int, int], int] | None = None
        self._protection: tuple[int, dict[str, float]] | None = None
        self.begin_at(starting_equity)

    # --- writing

    def begin_at(self, equity: float) -> None:
        """Set the account's value before the first mark, in USD.

        Raises
        ------
        IntegrityError
            If it is not a positive number, or the ledger already holds something.
        """
        if not (isfinite(equity) and equity > 0):
            raise IntegrityError("starting equity is not a positive amount", equity=equity)
        if self._trades or self._marks or self._flows:
            raise IntegrityError("the ledger has begun", trades=len(self._trades), marks=len(self._marks))
        self._starting_equity = equity

    def record(self, trade: ClosedTrade) -> Refused | None:
        """Add a closed trade.

        Returns
        -------
        Refused or None
            EDGE_LOST (or GUARD_CANNOT_COMPUTE) if this trade suspends its strategy.

        Raises
        ------
        IntegrityError
            If the trade was recorded before, or its strategy is unknown.
        """
        if trade.id in self._ids:
            raise IntegrityError("the trade is in the ledger already", id=trade.id)
        if trade.strategy not in self._specs:
            raise IntegrityError("a trade of an unknown strategy", id=trade.id, strategy=trade.strategy)
        self._append(trade)
        return self._newly_lost(trade)

    def amend(self, trade: ClosedTrade) -> Refused | None:
        """Correct a trade in the ledger, because a fill came after it was closed. Returns as :meth:`record`.

        Raises
        ------
        IntegrityError
            If no trade has this id.
        """
        place = next((place for place, known in enumerate(self._trades) if known.id == trade.id), None)
        if place is None:
            raise IntegrityError("no trade to amend", id=trade.id)
        self._trades[place], self._texts[place] = trade, canonical(trade.to_json())
        self._samples.pop(trade.strategy, None)
        self._day_trades = self._protection = None
        return self._newly_lost(trade)

    def settle(self, trade_id: str, pnl_usd: float) -> Refused | None:
        """Record, on the operator's word, what a trade that was closed elsewhere made, in USD with fees included.
        Returns as :meth:`record`.

        Raises
        ------
        ConfigError
            If no trade of that id waits for its result, or the sum is not a number.
        """
        known = next((trade for trade in self._trades if trade.id == trade_id), None)
        if known is None or known.result_known:
            waiting = ", ".join(self.unknown_results) or "none"
            raise ConfigError(f"{trade_id!r} is no trade that waits for its result; waiting: {waiting}")
        if not isfinite(pnl_usd):
            raise ConfigError(f"{pnl_usd} is no result in USD")
        each = known.units * known.multiplier
        return self.amend(replace(known, pnl_usd=pnl_usd, result_known=True,
                                  exit_price=-(pnl_usd + known.fees_usd) / each - known.entry_price))

    @property
    def unknown_results(self) -> tuple[str, ...]:
        """Ids of trades that were closed elsewhere and whose result the operator must still supply."""
        return tuple(trade.id for trade in self._trades if not trade.result_known)

    def __contains__(self, trade_id: str) -> bool:
        return trade_id in self._ids

    def _newly_lost(self, trade: ClosedTrade) -> Refused | None:
        lost = self.edge_lost(self._specs[trade.strategy])
        if lost is not None and trade.strategy not in self._suspended:
            self._suspended[trade.strategy] = lost.code
            return lost
        return None

    def record_flow(self, day: date, amount_usd: float) -> None:
        """Add a deposit (positive) or withdrawal.

        Raises
        ------
        IntegrityError
            If the amount is not a number, or is 0.
        """
        if not isfinite(amount_usd) or amount_usd == 0:
            raise IntegrityError("a flow is not an amount", amount_usd=amount_usd)
        self._flows.append(Flow(day=day, amount_usd=amount_usd))

    def mark(self, day: date, equity_usd: float) -> None:
        """Keep the account's value of a session. The last mark of a day counts.

        Raises
        ------
        IntegrityError
            If it is not a number, or the day lies before the last mark.
        """
        if not isfinite(equity_usd):
            raise IntegrityError("equity is not a number", day=day.isoformat(), equity=equity_usd)
        if self._marks and day < self._marks[-1].day:
            raise IntegrityError("a mark before the last one", day=day.isoformat(),
                                 last=self._marks[-1].day.isoformat())
        if self._marks and day == self._marks[-1].day:
            self._marks.pop()
        self._marks.append(Mark(day=day, equity_usd=equity_usd))

    # --- samples and suspension

    def sample(self, strategy: str) -> StrategySample:
        """Closed trades of a strategy since the operator last resumed it, without forced closes and unknown results. A
        trade that made nothing is not a win."""
        start = self._sample_from.get(strategy, 0)
        key = (len(self._trades), start)
        known = self._samples.get(strategy)
        if known is None or known[0] != key:
            known = self._samples[strategy] = (key, self._sample(strategy, start))
        return known[1]

    def _sample(self, strategy: str, start: int) -> StrategySample:
        own = [trade.pnl_usd for trade in self._trades[start:] if trade.strategy == strategy and trade.is_judged]
        gains = [pnl for pnl in own if pnl > 0]
        return StrategySample(
            trades=len(own), wins=len(gains), mean_win_usd=sum(gains) / len(gains) if gains else 0.0,
            mean_loss_usd=-sum(pnl for pnl in own if pnl <= 0) / (len(own) - len(gains)) if len(own) > len(gains)
            else 0.0)

    def edge_lost(self, spec: StrategySpec) -> Refused | None:
        """Refuse a strategy whose own record shows no edge: after ``min_sample`` trades its win rate is below its
        minimum, or its Kelly fraction is at or below 0."""
        sample = self.sample(spec.name)
        if sample.trades < spec.min_sample:
            return None
        facts: dict[str, Any] = {"strategy": spec.name, "trades": sample.trades, "win_rate": sample.win_rate}
        if spec.min_win_rate is not None and sample.win_rate < spec.min_win_rate:
            return Refused(code=RefusalCode.EDGE_LOST, facts=facts | {"min_win_rate": spec.min_win_rate})
        if spec.win_rate is None:
            return None
        try:
            edge = strategy_edge(spec, sample)
        except CannotCompute as error:
            return guard_refusal("edge", error)
        return Refused(code=RefusalCode.EDGE_LOST, facts=facts | {"kelly": edge.kelly}) if edge.is_lost else None

    def suspended(self) -> Mapping[str, RefusalCode]:
        """Strategies that wait for the operator, and the reason."""
        return MappingProxyType(dict(self._suspended))

    def resume(self, strategy: str) -> bool:
        """Let a strategy trade again on the operator's word. Its sample begins anew with the next trade. False if it
        was not suspended."""
        if self._suspended.pop(strategy, None) is None:
            return False
        self._sample_from[strategy] = len(self._trades)
        return True

    # --- what others ask

    @property
    def trades(self) -> tuple[ClosedTrade, ...]:
        return tuple(self._trades)

    @property
    def marks(self) -> tuple[Mark, ...]:
        return tuple(self._marks)

    @property
    def flows(self) -> tuple[Flow, ...]:
        return tuple(self._flows)

    @property
    def net_flows_usd(self) -> float:
        return sum(flow.amount_usd for flow in self._flows)

    def day_trades_open(self, day: date) -> int:
        """Day trades within the five sessions that end with ``day`` (the marked days are the sessions).

        If fewer than five sessions are known, every earlier day trade counts.
        """
        key = (day, len(self._marks), len(self._trades))  # no row is ever removed; amending a trade resets the count
        if self._day_trades is None or self._day_trades[0] != key:
            earlier = [mark.day for mark in self._marks if mark.day < day][1 - PATTERN_DAY_TRADE_WINDOW_SESSIONS:]
            known = len(earlier) == PATTERN_DAY_TRADE_WINDOW_SESSIONS - 1
            first = earlier[0] if known else date.min
            self._day_trades = (key, sum(trade.is_day_trade and first <= trade.closed.date() <= day
                                         for trade in self._trades))
        return self._day_trades[1]

    def protection_usd(self, open_ids: Collection[str]) -> float:
        """USD that closed bought protection has made, without the positions in ``open_ids``. Those were closed and then
        had a late fill, so they count where they are held."""
        if self._protection is None or self._protection[0] != len(self._trades):
            self._protection = (len(self._trades), {trade.id: trade.pnl_usd for trade in self._trades
                                                    if trade.protection})
        closed = self._protection[1]
        return sum(closed.values()) - sum(closed.get(name, 0.0) for name in open_ids)

    def promotion_facts(self) -> PromotionFacts:
        """The figures that the phase manager judges a promotion by. Win rate and worst loss are those of the last 50
        judged trades, the drawdown is that of the marks; all within the twelve months that end with the last day known
        to the ledger. ``closed_trades`` counts all trades with a known result, without bought protection."""
        known = [trade for trade in self._trades if trade.result_known and not trade.protection]
        days = [*(trade.closed.date() for trade in self._trades[-1:]), *(mark.day for mark in self._marks[-1:])]
        begin = max(days, default=date.min + PROMOTION_WINDOW) - PROMOTION_WINDOW
        judged = [trade for trade in known if trade.is_judged and trade.closed.date() > begin][-PROMOTION_TRADES:]
        return PromotionFacts(
            closed_trades=len(known), win_rate=trade_statistics(judged).win_rate or 0.0,
            worst_loss_share=max((-trade.pnl_usd / self._equity_before(trade.closed) for trade in judged if trade.lost),
                                 default=0.0),
            profitable=frozenset(trade.strategy for trade in known if trade.won),
            worst_drawdown_share=self._drawdown_since(begin))

    def _drawdown_since(self, begin: date) -> float:
        """Deepest drawdown of the marks after ``begin``, measured from the last mark before it."""
        marks = [mark for mark in self._marks if mark.day > begin]
        earlier = len(self._marks) - len(marks)
        before = self._marks[earlier - 1] if earlier else None
        flows = [flow for flow in self._flows if before is None or flow.day > before.day]
        start = self._starting_equity if before is None else before.equity_usd
        return equity_statistics(start, marks, flows).max_drawdown_share

    def statistics(self, strategy: str | None = None) -> TradeStatistics:
        """Statistics of all closed trades, or of one strategy's."""
        return trade_statistics([trade for trade in self._trades if strategy in (None, trade.strategy)])

    def planned_and_achieved(self) -> Mapping[str, StrategyRecord]:
        """Plan and record of every strategy, whether it has traded or not."""
        return MappingProxyType({name: StrategyRecord(
            planned_win_rate=spec.win_rate, planned_payoff_ratio=spec.payoff_ratio, min_win_rate=spec.min_win_rate,
            achieved=self.statistics(name), suspended=self._suspended.get(name))
            for name, spec in self._specs.items()})

    def equity_statistics(self, risk_free_rate: float = 0.0) -> EquityStatistics:
        """Sharpe, Sortino, drawdown and value at risk of the daily marks."""
        return equity_statistics(self._starting_equity, self._marks, self._flows, risk_free_rate)

    def by_day(self) -> Mapping[str, float]:
        """USD of trades closed on each day (ISO date)."""
        return pnl_by(self._trades, lambda trade: trade.closed.date().isoformat())

    def by_month(self) -> Mapping[str, float]:
        """USD of trades closed in each month (``2024-08``)."""
        return pnl_by(self._trades, lambda trade: f"{trade.closed:%Y-%m}")

    def by_strategy(self) -> Mapping[str, float]:
        """USD of closed trades of each strategy."""
        return pnl_by(self._trades, lambda trade: trade.strategy)

    def equity_by_day(self) -> Mapping[str, float]:
        """USD the account made on each marked day (ISO date), with open positions and without flows."""
        results = daily_results(self._starting_equity, self._marks, self._flows)
        return {mark.day.isoformat(): float(result) for mark, result in zip(self._marks, results)}

    def returns_by_day(self) -> Mapping[str, float]:
        """The same as shares of the account (ISO date), flows taken out."""
        results = daily_returns(self._starting_equity, self._marks, self._flows)
        return {mark.day.isoformat(): float(result) for mark, result in zip(self._marks, results)}

    def equity_by_month(self) -> Mapping[str, float]:
        """USD the account made in each month, as :meth:`equity_by_day`."""
        sums: dict[str, float] = {}
        for day, result in self.equity_by_day().items():
            sums[day[:7]] = sums.get(day[:7], 0.0) + result
        return sums

    # --- memory

    def facts(self) -> dict[str, Any]:
        """Everything a restart needs, as plain JSON."""
        return self._facts([trade.to_json() for trade in self._trades])

    def encoded_facts(self) -> dict[str, Any]:
        """:meth:`facts` with the trades' text, each written once."""
        return self._facts(Encoded.rows(self._texts))

    def _facts(self, trades: list[dict[str, Any]] | Encoded) -> dict[str, Any]:
        return {
            "starting_equity": self._starting_equity, "trades": trades,
            "flows": [[flow.day.isoformat(), flow.amount_usd] for flow in self._flows],
            "marks": [[mark.day.isoformat(), mark.equity_usd] for mark in self._marks],
            "suspended": {name: code.value for name, code in self._suspended.items()},
            "sample_from": dict(self._sample_from)}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take over stored facts and replace the present ones.

        Raises
        ------
        IntegrityError
            If they are not what :meth:`facts` writes.
        """
        try:
            ledger = TradeLedger(float(facts["starting_equity"]), self._specs)
            for row in facts["trades"]:
                trade = ClosedTrade.from_json(row)
                if trade.id in ledger._ids:
                    raise IntegrityError("a stored trade stands twice", id=trade.id)
                ledger._append(trade)
            for day, amount in facts["flows"]:
                ledger.record_flow(date.fromisoformat(day), float(amount))
            for day, equity in facts["marks"]:
                ledger.mark(date.fromisoformat(day), float(equity))
            ledger._suspended = {name: RefusalCode(code) for name, code in facts["suspended"].items()}
            ledger._sample_from = {name: int(place) for name, place in facts["sample_from"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError("the stored ledger cannot be read", why=str(error)) from error
        ledger.self_check()
        self.__dict__.update(ledger.__dict__)

    def self_check(self) -> None:
        """Raise IntegrityError if the ledger's facts contradict each other."""
        places = tuple(self._sample_from.values())
        if not all(0 <= place <= len(self._trades) for place in places):
            raise IntegrityError("the ledger points beyond its trades", places=list(places), trades=len(self._trades))
        unknown = ({trade.strategy for trade in self._trades} | set(self._suspended)) - set(self._specs)
        if unknown:
            raise IntegrityError("the ledger names unknown strategies", strategies=sorted(unknown))
        if not len(self._trades) == len(self._ids) == len(self._texts):
            raise IntegrityError("the ledger's trades and their records differ", trades=len(self._trades))

    def _append(self, trade: ClosedTrade) -> None:
        self._trades.append(trade)
        self._texts.append(canonical(trade.to_json()))
        self._ids.add(trade.id)

    def _equity_before(self, moment: datetime) -> float:
        """The last mark before the day of ``moment``; without one, the starting equity."""
        place = bisect_left([mark.day for mark in self._marks], moment.date())
        return self._marks[place - 1].equity_usd if place else self._starting_equity
