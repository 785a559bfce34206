"""The one gate before any entry: two tables in the method's order, one named check per row. The first refusal is the
answer, and a guard that cannot compute refuses. Exits never pass through here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable, Final, NamedTuple, Sequence

from config.constants import PHASES
from config.strategy_parameters import SPECS
from config.strategy_spec import OpenUnit, StrategySpec
from core.codes import RefusalCode
from core.entry import checks
from core.entry.checks import Candidate, cannot_compute
from core.errors import CannotCompute, IntegrityError
from core.exposure import working_exposure
from core.guards import CorrelationGuard, FreshnessGuard, GreeksAuthority, MarginAuthority, OpenRisk
from core.market_values import guard_refusal
from core.model import Contract, PortfolioView, Proposal, Refused, Snapshot
from core.quotes import at_most
from core.spy_concentration_manager import SpyConcentrationManager, SpyRequest
from core.unified_position_sizer import Sized

# The checks before any entry, in the order and by the names of the method's own list.
ORDER: Final = ("mode", "halted or emergency", "hours, window, holiday", "data", "VIX band", "phase", "daily limits",
                "counts", "correlation groups", "the strategy's own conditions", "size", "buying power and reserve",
                "Greeks", "SPY delta allocation", "pattern-day-trader rule")


class Check(NamedTuple):
    """One row before the proposal. ``per_underlying`` says whether the answer depends on the underlying."""

    name: str
    ask: Callable[[Candidate], Refused | None]
    per_underlying: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SizedEntry:
    """A proposal with its size, for the checks after the sizer. ``intent_id`` names its SPY reservation."""

    spec: StrategySpec
    proposal: Proposal
    sized: Sized
    snapshot: Snapshot
    view: PortfolioView
    intent_id: str

    @property
    def contracts(self) -> int:
        return self.sized.contracts

    def request(self) -> SpyRequest:
        """The request that the entry makes of the SPY concentration manager."""
        sized, proposal, exposure = self.sized, self.proposal, self.sized.unit_exposure
        return SpyRequest(
            id=self.intent_id, strategy=self.spec.name, underlying=proposal.underlying,
            delta_per_unit=exposure.spy_delta, contracts=sized.contracts,
            takes_slot=any(leg.ratio < 0 for leg in proposal.legs), max_slots=self.spec.max_spy_slots,
            margin_per_unit_usd=sized.unit_margin_usd,
            risk_per_unit_usd=sized.unit_risk_usd, gamma_per_unit=exposure.gamma, vega_per_unit=exposure.vega)


class AfterCheck(NamedTuple):
    """One row after the sizer."""

    name: str
    ask: Callable[[SizedEntry], Refused | None]


class EntryGate:
    """Asks every check in its order.

    Attributes
    ----------
    unbuilt : tuple of str
        Names of :data:`ORDER` that no row asks. Live trading refuses to start while there is one.
    before_table, after_table : tuple
        The rows before a proposal exists, and the rows after it has been sized.
    """

    def __init__(self, validator: FreshnessGuard, limiter: CorrelationGuard,
                 margin: MarginAuthority, greeks: GreeksAuthority, concentration: SpyConcentrationManager) -> None:
        self._validator = validator
        self._limiter = limiter
        self._margin = margin
        self._greeks = greeks
        self._concentration = concentration
        self.before_table: tuple[Check, ...] = (
            Check("mode", checks.mode),
            Check("halted or emergency", checks.halted),
            Check("hours, window, holiday", checks.clock),
            Check("data", checks.vix_data),
            Check("data", self._underlying_data, per_underlying=True),
            Check("data", self._leg_data, per_underlying=True),
            Check("VIX band", checks.vix_band),
            Check("phase", checks.phase, per_underlying=True),
            Check("daily limits", checks.daily_limits),
            Check("daily limits", checks.unfilled_entries),
            Check("counts", checks.counts, per_underlying=True),
            Check("correlation groups", self._correlation, per_underlying=True),
            Check("the strategy's own conditions", checks.suspension),
            Check("the strategy's own conditions", checks.split, per_underlying=True),
        )
        self.after_table: tuple[AfterCheck, ...] = (
            AfterCheck("size", self._size),
            AfterCheck("buying power and reserve", self._buying_power),
            AfterCheck("Greeks", self._exposure),
            AfterCheck("SPY delta allocation", self._spy_delta),
            AfterCheck("pattern-day-trader rule", self._day_trades),
        )
        built = {row.name for row in self.before_table} | {row.name for row in self.after_table}
        self.unbuilt: tuple[str, ...] = tuple(name for name in ORDER if name not in built)

    # --- asking -----------------------------------------------------------------------------------------------------

    def before(self, spec: StrategySpec, snapshot: Snapshot, view: PortfolioView, *, underlying: str | None = None,
               contracts: Sequence[Contract] = (), delta: float | None = None) -> Refused | None:
        """Ask the checks from mode to correlation groups, and whether the strategy is suspended.

        Parameters
        ----------
        underlying : str, optional
            The chosen one. Without it, the entry passes if any of the strategy's underlyings passes.
        contracts : sequence of Contract
            Legs whose quotes must be fresh, once they are chosen.
        delta : float, optional
            Delta of one unit in its own underlying, for the correlation check, once it is known.
        """
        names = (underlying,) if underlying is not None else None
        return self._admit(spec, snapshot, view, names, tuple(contracts), delta)[1]

    def admissible(self, spec: StrategySpec, snapshot: Snapshot, view: PortfolioView
                   ) -> tuple[tuple[str, ...], Refused | None]:
        """The strategy's underlyings that pass now, and the refusal if none does."""
        return self._admit(spec, snapshot, view, None, (), None)

    def _admit(self, spec: StrategySpec, snapshot: Snapshot, view: PortfolioView, names: tuple[str, ...] | None,
               contracts: tuple[Contract, ...], delta: float | None) -> tuple[tuple[str, ...], Refused | None]:
        """Narrow the underlyings row by row. The last row that refuses gives the answer, so with several underlyings it
        is the refusal of the one that got furthest."""
        candidates = [Candidate(spec=spec, snapshot=snapshot, view=view, underlying=name, contracts=contracts,
                                delta=delta) for name in names or _underlyings(spec, snapshot.phase)
                      if name not in view.absent]
        if not candidates:
            return (), Refused(code=RefusalCode.STRATEGY_OFF, facts={"strategy": spec.name, "absent": sorted(view.absent)})
        for row in self.before_table:
            passed: list[Candidate] = []
            refused: Refused | None = None
            for candidate in candidates if row.per_underlying else candidates[:1]:
                answer = row.ask(candidate)
                if answer is None:
                    passed.append(candidate)
                else:
                    refused = answer
            if not passed:
                return (), refused
            if row.per_underlying:
                candidates = passed
        return tuple(candidate.underlying for candidate in candidates), None

    def after(self, spec: StrategySpec, proposal: Proposal, sized: Sized, snapshot: Snapshot, view: PortfolioView, *,
              intent_id: str) -> Refused | None:
        """Ask the checks from size to the pattern-day-trader rule, with the whole entry added to the book."""
        entry = SizedEntry(spec=spec, proposal=proposal, sized=sized, snapshot=snapshot, view=view,
                           intent_id=intent_id)
        for row in self.after_table:
            refused = row.ask(entry)
            if refused is not None:
                return refused
        return None

    def counted(self, spec: StrategySpec, snapshot: Snapshot, view: PortfolioView, underlying: str) -> Refused | None:
        """Ask the counts and correlation groups alone, for a position that is about to become one that counts."""
        candidate = Candidate(spec=spec, snapshot=snapshot, view=view, underlying=underlying)
        return checks.counts(candidate) or self._correlation(candidate)

    def self_check(self) -> None:
        """Raise unless every check of the method is asked, in the method's order.

        Raises
        ------
        IntegrityError
        """
        asked = list(dict.fromkeys([row.name for row in self.before_table] + [row.name for row in self.after_table]))
        if asked != [name for name in ORDER if name in asked]:
            raise IntegrityError("the gate's order is not the method's", asked=asked)
        if self.unbuilt:
            raise IntegrityError("the gate is not complete", unbuilt=self.unbuilt)

    # --- rows that need another component ---------------------------------------------------------------------------

    def _underlying_data(self, candidate: Candidate) -> Refused | None:
        now = candidate.snapshot.time
        answers = (self._validator.underlying(candidate.underlying, found, now)
                   for found in checks.judged_underlyings(candidate))
        return next((refused for refused in answers if refused is not None), None)

    def _leg_data(self, candidate: Candidate) -> Refused | None:
        if not candidate.contracts:
            return None
        return self._validator.legs(candidate.contracts, candidate.snapshot.quotes, candidate.snapshot.time,
                                    candidate.spec)

    def _correlation(self, candidate: Candidate) -> Refused | None:
        if not candidate.spec.counts_as_position:
            return None
        risks = [OpenRisk(strategy=other.strategy, underlying=other.underlying,
                          short_volatility=SPECS[other.strategy].short_volatility)
                 for other in checks.counted(candidate)]
        own = OpenRisk(strategy=candidate.spec.name, underlying=candidate.underlying,
                       short_volatility=candidate.spec.short_volatility,
                       bets_on_volatility=candidate.spec.bets_on_volatility)
        return self._limiter.check(own, risks, candidate.delta)

    def _size(self, entry: SizedEntry) -> Refused | None:
        spec, sized, snapshot = entry.spec, entry.sized, entry.snapshot
        if entry.contracts < 1:
            return Refused(code=RefusalCode.SIZE_ZERO, facts={"contracts": entry.contracts, "binding": sized.binding})
        equity = snapshot.account.equity
        if snapshot.phase not in PHASES or not _positive(equity) or not _positive(sized.unit_risk_usd):
            return cannot_compute("size", phase=snapshot.phase, equity=equity, unit_risk_usd=sized.unit_risk_usd)
        share = min(spec.max_capital_share, PHASES[snapshot.phase].max_position_share)
        risk = sized.unit_risk_usd * entry.contracts
        if not at_most(risk, share * equity):
            return Refused(code=RefusalCode.SIZE_ZERO, facts={
                "limit_name": "position share", "risk_usd": risk, "limit_usd": share * equity})
        if entry.contracts > entry.proposal.contract_cap:
            return Refused(code=RefusalCode.SIZE_ZERO, facts={
                "limit_name": "contract cap", "contracts": entry.contracts, "limit": entry.proposal.contract_cap})
        if spec.open_unit is OpenUnit.CONTRACT:
            held = checks.open_units(spec, snapshot.positions, entry.proposal.underlying)
            limit = spec.max_open[snapshot.phase]
            if held + entry.contracts > limit:
                return Refused(code=RefusalCode.COUNT_STRATEGY, facts={
                    "open": held, "contracts": entry.contracts, "limit": limit, "phase": snapshot.phase})
        return None

    def _buying_power(self, entry: SizedEntry) -> Refused | None:
        account, vix = entry.snapshot.account, entry.snapshot.vix
        if vix is None:
            return cannot_compute("buying power", vix=None)
        return self._margin.check(account.equity, account.buying_power_used, entry.view.reserved_margin_usd,
                                  entry.sized.unit_margin_usd * entry.contracts, entry.snapshot.phase, vix.value)

    def _exposure(self, entry: SizedEntry) -> Refused | None:
        snapshot, quotes, underlyings = entry.snapshot, entry.snapshot.quotes, entry.snapshot.underlyings
        try:
            held = self._greeks.held(snapshot)
            unit = self._greeks.unit(entry.proposal.legs, quotes, underlyings, snapshot.time)
            before = held + working_exposure(entry.view)
        except CannotCompute as error:
            return guard_refusal("Greeks", error)
        return self._greeks.check(before, before + unit.times(entry.contracts), snapshot.account.equity,
                                  _spy_price(snapshot), snapshot.phase)

    def _spy_delta(self, entry: SizedEntry) -> Refused | None:
        snapshot = entry.snapshot
        try:
            held = self._greeks.held(snapshot)
        except CannotCompute as error:
            return guard_refusal("SPY delta", error)
        return self._concentration.check(entry.request(), held.spy_delta, snapshot.phase,
                                         snapshot.calendar.is_fomc_day)

    def _day_trades(self, entry: SizedEntry) -> Refused | None:
        return checks.pattern_day_trader(Candidate(spec=entry.spec, snapshot=entry.snapshot, view=entry.view,
                                                   underlying=entry.proposal.underlying))


def _underlyings(spec: StrategySpec, phase: int) -> tuple[str, ...]:
    """Underlyings to judge before one is chosen: for futures, the products of the phase if it has any."""
    return spec.products(phase) or spec.underlyings


def _positive(value: float) -> bool:
    return math.isfinite(value) and value > 0.0


def _spy_price(snapshot: Snapshot) -> float:
    """SPY's price; NaN if it is missing, which the limits refuse."""
    spy = snapshot.underlyings.get("SPY")
    return math.nan if spy is None else spy.price
