"""Ten strategies share one account. The coordinator decides who is asked first, who may go ahead and how much buying
power each may use, and it leads one entry from a strategy's screen to an intent."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import time
from typing import Any, Final, Mapping

from config.calendars import split_next_session
from config.constants import (BETA_TO_SPY, BUYING_POWER_QUEUE_SHARES, MINUTES_BETWEEN_ENTRIES, STRESSED_MARGIN_SHARE,
                              STRESSED_PRIORITIES, STRESSED_SIZE_MULTIPLIER)
from config.strategy_parameters import STRATEGY_PRIORITY
from core.codes import DOES_NOT_FIT, RefusalCode
from core.entry.checks import cannot_compute, minutes_since
from core.entry.gate import EntryGate, SizedEntry
from core.errors import CannotCompute, IntegrityError
from core.guards import GreeksAuthority, MarginAuthority
from core.intents import ASSIGNED, SPLIT, closing_intent, intent_id
from core.lazy_mapping import LazyMapping
from core.market_values import guard_refusal
from core.model import (EMPTY, Enter, Event, Exit, Hold, Intent, Manage, Mode, PortfolioView, Position, Proposal, Purpose,
                        Refused, Select, Snapshot, State, Underlying, Urgency)
from core.quotes import ticker_of
from core.spy_concentration_manager import SpyConcentrationManager
from core.strategy import Strategy
from core.unified_position_sizer import Sized, UnifiedPositionSizer

# Refusals that hold for the rest of the day. The strategy's share of buying power then passes down the list. After any
# other refusal (data, hours not begun, a halt) the strategy keeps its share, because the refusal may end within the
# day.
STANDS_TODAY: Final = frozenset({
    RefusalCode.STRATEGY_OFF, RefusalCode.EDGE_LOST, RefusalCode.STRATEGY_SUSPENDED, RefusalCode.PHASE_FORBIDS,
    RefusalCode.NO_SESSION, RefusalCode.WRONG_WEEKDAY, RefusalCode.CALENDAR_UNCOVERED, RefusalCode.FOMC_DAY,
    RefusalCode.ROLL_WEEK, RefusalCode.EARNINGS_NEAR, RefusalCode.VIX_BELOW_BAND, RefusalCode.VIX_ABOVE_BAND,
    RefusalCode.VIX_ENTRY_STOP, RefusalCode.IV_HISTORY_MISSING, RefusalCode.IV_PERCENTILE_LOW, RefusalCode.IV_RANK_LOW,
    RefusalCode.TREND_AGAINST, RefusalCode.GAP_TOO_LARGE, RefusalCode.COUNT_PHASE, RefusalCode.COUNT_STRATEGY,
    RefusalCode.COUNT_UNDERLYING, RefusalCode.COUNT_SPY_EQUIVALENT, RefusalCode.COUNT_STRATEGY_SPY,
    RefusalCode.ALREADY_OPEN, RefusalCode.ENTRY_TRIES, RefusalCode.EXPIRY_TAKEN, RefusalCode.WEEK_TAKEN,
    RefusalCode.MONTH_TAKEN, RefusalCode.GROUP_FULL, RefusalCode.SHORT_VOLATILITY_FULL, RefusalCode.LIMITER_FULL,
    RefusalCode.NOT_TRIGGERED, *DOES_NOT_FIT})


class StrategyCoordinator:
    """Leads one strategy's entry through all stages.

    Parameters
    ----------
    strategies : mapping of str to Strategy
        By name. Every name must have a priority.
    """

    def __init__(self, strategies: Mapping[str, Strategy], gate: EntryGate, sizer: UnifiedPositionSizer,
                 margin: MarginAuthority, greeks: GreeksAuthority, concentration: SpyConcentrationManager) -> None:
        self._strategies = dict(strategies)
        self._gate = gate
        self._sizer = sizer
        self._margin = margin
        self._greeks = greeks
        self._concentration = concentration
        self._names = tuple(name for name in STRATEGY_PRIORITY if name in self._strategies)
        self.self_check()

    def self_check(self) -> None:
        """Raise unless every strategy has a priority and is filed under its own name.

        Raises
        ------
        IntegrityError
        """
        unknown = sorted(set(self._strategies) - set(STRATEGY_PRIORITY))
        if unknown:
            raise IntegrityError("strategies without a priority", strategies=unknown)
        for name, strategy in self._strategies.items():
            if strategy.spec.name != name:
                raise IntegrityError("a strategy under another's name", name=name, spec=strategy.spec.name)

    def names(self) -> tuple[str, ...]:
        """The strategies in order of priority."""
        return self._names

    def is_absent(self, name: str, phase: int, view: PortfolioView) -> bool:
        """Whether none of the products that the phase allows the strategy can be traded in this run. The strategy is
        then off and is not asked."""
        products = self._strategy(name).spec.products(phase)
        return bool(products) and view.absent.issuperset(products)

    # --- the stages of an entry ---------------------------------------------------------------------------------------

    def screen(self, name: str, snapshot: Snapshot, view: PortfolioView) -> Refused | None:
        """The cheap stage: the gate up to the strategy's own conditions, then coordination, then the strategy's screen.

        In mode ``observe`` everything is decided as in ``trade``; only the last step refuses.
        """
        view = _decided(view)
        refused = self._screen(name, snapshot, view)[1]
        return None if refused is None else self._explained(name, refused, snapshot, view)

    def _explained(self, name: str, refused: Refused, snapshot: Snapshot, view: PortfolioView) -> Refused:
        """If the refusal names an underlying that the gate hid from the strategy, refuse for the gate's reason."""
        if refused.code is not RefusalCode.UNDERLYING_MISSING:
            return refused
        hidden = refused.facts.get("underlying")
        why = None if hidden not in self._strategy(name).spec.underlyings else self._gate.before(
            self._strategy(name).spec, snapshot, view, underlying=hidden)
        return refused if why is None else Refused(code=why.code, facts=dict(refused.facts) | dict(why.facts))

    def _screen(self, name: str, snapshot: Snapshot, view: PortfolioView, coordinated: bool = True
                ) -> tuple[Snapshot, Refused | None]:
        """The snapshot as the strategy may see it, and the refusal if there is one. If not ``coordinated``, it is
        judged as if no other entry were on its way and its window had begun."""
        strategy = self._strategy(name)
        spec = strategy.spec if coordinated else replace(strategy.spec, window_open=time.min)
        admitted, refused = self._gate.admissible(spec, snapshot, view)
        if refused is None and coordinated:
            refused = self._coordinate(name, snapshot, view)
        if refused is not None:
            return snapshot, refused
        unfit = {symbol: code for symbol, code in view.unfit.get(name, EMPTY).items() if symbol in admitted}
        seen = _without(snapshot, set(strategy.spec.underlyings) - set(admitted) | unfit.keys())
        refused = None if len(unfit) < len(admitted) else Refused(code=next(iter(unfit.values())))
        refused = refused or strategy.screen(seen, view)
        if refused is not None and unfit:
            told = {symbol: code.value for symbol, code in unfit.items()}
            code = unfit.get(refused.facts.get("underlying", ""), refused.code)
            refused = Refused(code=code, facts=dict(refused.facts) | {"unfit": told})
        return seen, refused

    def select(self, name: str, snapshot: Snapshot, view: PortfolioView) -> Select | Refused:
        """Contracts the strategy wants quoted. The strategy sees only those of its underlyings that the gate admits."""
        view = _decided(view)
        seen, refused = self._screen(name, snapshot, view)
        answer = refused if refused is not None else self._strategy(name).select(seen, view)
        return self._explained(name, answer, snapshot, view) if isinstance(answer, Refused) else answer

    def propose(self, name: str, snapshot: Snapshot, view: PortfolioView, selection: Select, position_id: str
                ) -> Enter | Refused:
        """Turn quoted contracts into an intent: gate, strategy, gate with the legs, size, gate with the whole entry,
        and the SPY reservation under the intent's id. The shell confirms or frees that reservation.

        Parameters
        ----------
        position_id : str
            Id that the position got when its contracts were selected.
        """
        view = replace(view, pending={other: symbol for other, symbol in view.pending.items() if other != name})
        spec, decided = self._strategy(name).spec, _decided(view)
        refused = self._gate.before(spec, snapshot, decided, underlying=selection.underlying)
        refused = refused or self._coordinate(name, snapshot, decided)
        if refused is not None:
            return refused
        proposal = self._strategy(name).propose(snapshot, decided, selection)
        if isinstance(proposal, Refused):
            return proposal
        return self._enter(name, snapshot, view, proposal, position_id)

    def _enter(self, name: str, snapshot: Snapshot, view: PortfolioView, proposal: Proposal, position_id: str
               ) -> Enter | Refused:
        spec, decided = self._strategy(name).spec, _decided(view)
        contracts = tuple(leg.contract for leg in proposal.legs)
        refused = self._gate.before(spec, snapshot, decided, underlying=proposal.underlying, contracts=contracts,
                                    delta=self._own_delta(proposal, snapshot))
        if refused is not None:
            return refused
        share = self.buying_power_share_usd(name, snapshot, decided)
        if isinstance(share, Refused):
            return share
        stressed = self._margin_use(snapshot, decided) > STRESSED_MARGIN_SHARE
        sized = self._sizer.size(spec, proposal, snapshot, decided, buying_power_usd=share,
                                 multiplier=STRESSED_SIZE_MULTIPLIER if stressed else 1.0)
        if isinstance(sized, Refused):
            return sized
        intent = _intent(proposal, sized, snapshot, position_id, share)
        refused = self._gate.after(spec, proposal, sized, snapshot, decided, intent_id=intent.id)
        if refused is not None:
            return refused
        if view.mode is not Mode.TRADE:
            return self._only_observed(name, snapshot, view, intent)
        return self._reserve(SizedEntry(spec=spec, proposal=proposal, sized=sized, snapshot=snapshot, view=view,
                                        intent_id=intent.id), intent)

    def _only_observed(self, name: str, snapshot: Snapshot, view: PortfolioView, intent: Intent) -> Refused:
        """The gate's own refusal for the mode, together with the entry that would have been made."""
        refused = self._gate.before(self._strategy(name).spec, snapshot, view)
        if refused is None:
            raise IntegrityError("an entry passed the gate in a mode that does not trade", mode=view.mode.value)
        return replace(refused, facts=dict(refused.facts) | {
            "would_enter": [f"{leg.ratio:+d} {leg.contract.id}" for leg in intent.legs], "quantity": intent.quantity,
            "risk_usd": intent.risk_usd, "margin_usd": intent.margin_usd, **intent.facts})

    def _reserve(self, entry: SizedEntry, intent: Intent) -> Enter | Refused:
        snapshot = entry.snapshot
        try:
            held = self._greeks.held(snapshot)
        except CannotCompute as error:
            return guard_refusal("SPY delta", error)
        answer = self._concentration.ask(entry.request(), held.spy_delta, snapshot.phase,
                                         snapshot.calendar.is_fomc_day)
        return answer if isinstance(answer, Refused) else Enter(intent=intent)

    def manage(self, snapshot: Snapshot, view: PortfolioView, position: Position) -> Exit | Manage | Select | Hold:
        """What the position's own strategy wants done with it. No gate stands before an exit.

        Two events close any position at the natural price, whatever its strategy: an assignment, which brought shares
        (they are closed with the remaining options), and a split before the next session, which would turn its
        contracts into others.
        """
        strategy = self._strategy(position.strategy)
        splits = position.is_open and split_next_session(position.underlying, snapshot.calendar) is not None
        reason = ASSIGNED if position.has_shares else SPLIT if splits else None
        if reason is not None and (position.state, Event.DEFEND) in strategy.transitions:
            return Exit(event=Event.DEFEND, intent=closing_intent(position, reason, snapshot.time, Urgency.NATURAL,
                                                                  facts={"forced": True}))
        decision = strategy.manage(snapshot, view, position)
        return self._counted(decision, snapshot, view, position) if isinstance(decision, Manage) else decision

    def _counted(self, decision: Manage, snapshot: Snapshot, view: PortfolioView, position: Position) -> Manage | Hold:
        """Check a change that gives a position its first short option (a bare LEAP's weekly). The position then becomes
        one that counts, so it must pass the counts as an entry does."""
        if position.has_short_options or not _sells_short(decision.intent, position):
            return decision
        others = tuple(other for other in snapshot.positions if other.id != position.id)
        refused = self._gate.counted(self._strategy(position.strategy).spec, replace(snapshot, positions=others), view,
                                     position.underlying)
        return decision if refused is None else Hold(reason=refused.code.value)

    # --- coordination -----------------------------------------------------------------------------------------------

    def _coordinate(self, name: str, snapshot: Snapshot, view: PortfolioView) -> Refused | None:
        """Refuse an entry within five minutes of another, while any strategy is in ERROR, or while a strategy that this
        one waits for is in its 21 DTE exit. Above 70 % of equity in margin, refuse all but priorities 1 and 2."""
        if name in view.pending:
            return Refused(code=RefusalCode.ENTRY_PENDING, facts={"underlying": view.pending[name]})
        if view.strategies_in_error:
            return Refused(code=RefusalCode.OTHER_IN_ERROR, facts={"strategies": sorted(view.strategies_in_error)})
        since = minutes_since(view.last_entry, snapshot.time)
        if since < MINUTES_BETWEEN_ENTRIES:
            return Refused(code=RefusalCode.ENTRY_SPACING, facts={"minutes": since, "limit": MINUTES_BETWEEN_ENTRIES})
        waits_for = self._strategy(name).spec.waits_for
        leaving = [position.id for position in snapshot.positions
                   if position.strategy in waits_for and position.state is State.DEFENSIVE_21DTE]
        if leaving:
            return Refused(code=RefusalCode.OTHER_DEFENDING, facts={"positions": leaving})
        used = self._margin_use(snapshot, view)
        if not math.isfinite(used):
            return cannot_compute("margin use", used=snapshot.account.buying_power_used,
                                  equity=snapshot.account.equity)
        if used > STRESSED_MARGIN_SHARE and STRATEGY_PRIORITY.index(name) >= STRESSED_PRIORITIES:
            return Refused(code=RefusalCode.MARGIN_STRESS, facts={"used_share": used, "limit": STRESSED_MARGIN_SHARE,
                                                                  "priority": STRATEGY_PRIORITY.index(name) + 1})
        return None

    @staticmethod
    def _margin_use(snapshot: Snapshot, view: PortfolioView) -> float:
        """Share of equity in margin of positions and working entries; NaN if equity is not positive."""
        account = snapshot.account
        if not account.equity > 0.0:
            return math.nan
        return (account.buying_power_used + view.reserved_margin_usd) / account.equity

    # --- the queue for buying power ---------------------------------------------------------------------------------

    def buying_power_share_usd(self, name: str, snapshot: Snapshot, view: PortfolioView) -> float | Refused:
        """Dollars of free buying power ``name`` may use now.

        The free buying power is what the cap leaves. Priorities 1 to 5 get 30, 25, 20, 15 and 10 % of it; the others
        get no share of their own. What a higher strategy cannot use today (because of a refusal that holds for the day)
        is available to every strategy below it.
        """
        account, vix = snapshot.account, snapshot.vix
        if vix is None:
            return cannot_compute("buying power", vix=None)
        try:
            room = self._margin.room_usd(account.equity, account.buying_power_used, view.reserved_margin_usd,
                                         snapshot.phase, vix.value)
        except CannotCompute as error:
            return guard_refusal("buying power", error)
        free = max(0.0, min(room.values()))
        share = _queue_share(name)
        for other in STRATEGY_PRIORITY[:STRATEGY_PRIORITY.index(name)]:
            if not self._can_use_today(other, snapshot, view):
                share += _queue_share(other)
        return free * share

    def _can_use_today(self, name: str, snapshot: Snapshot, view: PortfolioView) -> bool:
        if name not in self._strategies:
            return False
        spec = self._strategies[name].spec
        if snapshot.time.time() >= spec.window_close:
            return False
        _, refused = self._screen(name, snapshot, view, coordinated=False)
        return refused is None or refused.code not in STANDS_TODAY

    # --- small parts ------------------------------------------------------------------------------------------------

    def _strategy(self, name: str) -> Strategy:
        found = self._strategies.get(name)
        if found is None:
            raise IntegrityError("no such strategy", name=name)
        return found

    def _own_delta(self, proposal: Proposal, snapshot: Snapshot) -> float | None:
        """Delta of one unit in terms of its own underlying. None if it cannot be computed (the Greeks check then
        refuses) or if the underlying has no beta."""
        try:
            unit = self._greeks.unit(proposal.legs, snapshot.quotes, snapshot.underlyings, snapshot.time)
        except CannotCompute:
            return None
        beta = BETA_TO_SPY[proposal.underlying]
        return unit.spy_delta / beta if beta else None


def _decided(view: PortfolioView) -> PortfolioView:
    """The view that decisions are made with: in ``observe`` they are made as in ``trade``."""
    return replace(view, mode=Mode.TRADE) if view.mode is Mode.OBSERVE else view


def _sells_short(intent: Intent, position: Position) -> bool:
    """Whether the change leaves the position short of a contract that it sells."""
    held = {leg.contract: leg.quantity for leg in position.legs}
    return any(held.get(leg.contract, 0) + leg.ratio * intent.quantity < 0 for leg in intent.legs)


def _queue_share(name: str) -> float:
    rank = STRATEGY_PRIORITY.index(name)
    return BUYING_POWER_QUEUE_SHARES[rank] if rank < len(BUYING_POWER_QUEUE_SHARES) else 0.0


def _without(snapshot: Snapshot, hidden: set[str]) -> Snapshot:
    """The snapshot without the underlyings in ``hidden``, including contract months of futures."""
    if not hidden:
        return snapshot
    return replace(snapshot, underlyings=_visible(snapshot.underlyings, hidden))


def _visible(underlyings: Mapping[str, Underlying], hidden: set[str]) -> Mapping[str, Underlying]:
    if isinstance(underlyings, LazyMapping):
        return underlyings.without(lambda key: ticker_of(key) in hidden)
    return {key: value for key, value in underlyings.items() if ticker_of(key) not in hidden}


def _intent(proposal: Proposal, sized: Sized, snapshot: Snapshot, position_id: str, share_usd: float) -> Intent:
    facts: dict[str, Any] = dict(proposal.facts) | {
        "entry_mid": -proposal.credit, "limits": dict(sized.limits), "binding": sized.binding,
        "buying_power_share_usd": share_usd, "short_strike_probability_otm": proposal.short_strike_probability_otm}
    return Intent(id=intent_id(position_id, Purpose.ENTRY, snapshot.time), strategy=proposal.strategy,
                  position_id=position_id, purpose=Purpose.ENTRY, urgency=Urgency.WALK, legs=proposal.legs,
                  quantity=sized.contracts, reason=proposal.reason, created=snapshot.time, limit=None,
                  worst=None if proposal.least_credit is None else -proposal.least_credit,
                  risk_usd=sized.unit_risk_usd, margin_usd=sized.unit_margin_usd,
                  spy_delta=sized.unit_exposure.spy_delta, facts=facts)
