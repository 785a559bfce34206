"""One small market a strategy, in which it enters through the real gate, sizer and coordinator."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Iterable, Mapping

import numpy as np

from config.run_parameters import parse
from core.codes import RefusalCode
from core.model import (Contract, ContractKind, Enter, HeldLeg, Indicators, Intent, IvHistory, PortfolioView,
                        Position, Quote, Refused, Right, Select, Snapshot, State, Underlying)
from helpers.shell.components import Managers, build
from strategies import ALL
from tests.builders import (make_account, make_calendar, make_position, make_snapshot, make_underlying, make_view,
                            make_vix)
from tests.builders_chains import Surface, flat, make_chain, model_quotes, skewed

FUTURE_EXPIRY = date(2024, 9, 20)
RISING = Indicators(atr14=6.0, ema8=545.0, ema21=540.0, ema50=100.0, vwap=544.0)
RICH = IvHistory(current=0.2, rank=60.0, percentile=60.0, samples=252)


@dataclass(frozen=True, kw_only=True)
class World:
    """Market, account and clock in which one strategy enters."""

    name: str
    time: datetime
    symbol: str
    price: float
    surface: Surface
    days: tuple[int, ...]
    strikes: tuple[float, ...]
    vix: float = 18.0
    phase: int = 3
    equity: float = 65_000.0
    kind: ContractKind = ContractKind.EQUITY_OPTION
    multiplier: float = 100.0
    two_expiries: bool = False          # every short option has a later long one
    volatility_chooses: bool = False    # strikes, or the LEAP, by yesterday's volatilities
    ends: bool = True                   # closed by some rule within its days, whatever the market does

    @property
    def spec(self) -> Any:
        return ALL[self.name].spec

    def underlying(self, time: datetime | None = None, **overrides: Any) -> Underlying:
        future = FUTURE_EXPIRY if self.kind is ContractKind.FUTURE_OPTION else None
        return make_underlying(self.symbol, self.price, time or self.time, **(
            {"indicators": RISING, "iv": RICH, "open_price": self.price, "future_expiry": future} | overrides))

    def chain(self, days: Iterable[int] | None = None, today: date | None = None) -> Any:
        day = today or self.time.date()
        return make_chain(self.symbol, self.price, day,
                          [day + timedelta(days=left) for left in (self.days if days is None else days)], self.strikes,
                          self.surface, self.kind, self.multiplier,
                          root="VIX" if self.kind is ContractKind.INDEX_OPTION else "",
                          future_expiry=FUTURE_EXPIRY if self.kind is ContractKind.FUTURE_OPTION else None,
                          with_volatility=self.kind is not ContractKind.FUTURE_OPTION)

    def snapshot(self, time: datetime | None = None, **overrides: Any) -> Snapshot:
        now = time or self.time
        ahead = weekdays_after(now.date(), 10)
        underlyings = {self.symbol: self.underlying(now)}
        if self.symbol != "SPY":
            underlyings["SPY"] = make_underlying("SPY", 544.0, now, iv=None)
        return make_snapshot(now, **({
            "phase": self.phase, "account": make_account(self.equity), "vix": make_vix(self.vix, now),
            "underlyings": underlyings, "chains": {self.symbol: (self.chain(today=now.date()),)},
            "calendar": make_calendar(now.date(), next_session=ahead[0], sessions_ahead=ahead)} | overrides))

    def quotes(self, contracts: Iterable[Contract], time: datetime | None = None) -> dict[str, Quote]:
        return model_quotes(contracts, self.price, time or self.time, self.surface)

    def view(self, **overrides: Any) -> PortfolioView:
        return make_view(**({"enabled": frozenset(ALL)} | overrides))


def weekdays_after(day: date, count: int) -> tuple[date, ...]:
    """The next ``count`` weekdays."""
    found: list[date] = []
    while len(found) < count:
        day += timedelta(days=1)
        if day.weekday() < 5:
            found.append(day)
    return tuple(found)


def _steps(low: float, high: float, step: float) -> tuple[float, ...]:
    return tuple(np.arange(low, high + step / 2, step).tolist())


TUESDAY, FRIDAY = datetime(2024, 7, 23, 10, 0), datetime(2024, 7, 26, 11, 0)

WORLDS: Mapping[str, World] = {world.name: world for world in (
    World(name="friday_0dte", time=FRIDAY, symbol="SPY", price=544.0, surface=flat(0.40), days=(0, 7, 28),
          strikes=_steps(520, 570, 1), vix=24.0),
    World(name="lt112", time=TUESDAY, symbol="SPY", price=544.0, surface=skewed(), days=(3, 45, 108, 136),
          strikes=_steps(450, 570, 5)),
    World(name="ipmcc", time=TUESDAY, symbol="IWM", price=200.0, surface=flat(0.30), days=(3, 10, 178, 528),
          strikes=_steps(140, 240, 1), phase=4, equity=90_000.0, two_expiries=True, volatility_chooses=True, ends=False),
    World(name="futures_strangle", time=TUESDAY, symbol="/MCL", price=80.0, surface=flat(0.3), days=(24, 52),
          strikes=_steps(55, 105, 0.5), phase=2, equity=50_000.0, vix=20.0, kind=ContractKind.FUTURE_OPTION,
          volatility_chooses=True),
    World(name="leap_put_ladder", time=TUESDAY, symbol="SPY", price=544.0, surface=skewed(), days=(136, 542),
          strikes=_steps(420, 560, 10), phase=4, equity=110_000.0, ends=False),
    World(name="butterfly", time=TUESDAY, symbol="SPY", price=544.0, surface=skewed(), days=(10, 38, 59),
          strikes=_steps(525, 560, 1)),
    World(name="calendar", time=TUESDAY, symbol="SPY", price=544.0, surface=skewed(), days=(3, 10, 59),
          strikes=_steps(525, 560, 1), vix=16.0, two_expiries=True),
    World(name="ratio", time=TUESDAY, symbol="SPY", price=544.0, surface=skewed(), days=(10, 52),
          strikes=_steps(440, 560, 2), volatility_chooses=True),
    World(name="diagonal", time=TUESDAY, symbol="IWM", price=200.0, surface=flat(0.25), days=(3, 10, 178, 528),
          strikes=_steps(140, 240, 1), phase=4, equity=90_000.0, two_expiries=True, volatility_chooses=True, ends=False),
    World(name="hedge", time=TUESDAY, symbol="VIX", price=12.5, surface=flat(0.9), days=(29, 57, 85),
          strikes=_steps(10, 50, 1), vix=12.5, equity=65_000.0, kind=ContractKind.INDEX_OPTION))}


def house(strategies: Mapping[str, Any] = ALL) -> Managers:
    """The real managers around ``strategies``."""
    return build(parse({"strategies": ",".join(strategies), "cash": "65000", "starting_phase": "4"}, live=False),
                 strategies)


def decide(world: World, parts: Managers | None = None, view: PortfolioView | None = None,
           quotes: Any = None, **overrides: Any) -> Enter | Refused:
    """Screen, select, quote, propose: what the house answers to the strategy in its world."""
    coordinator = (parts or house()).coordinator
    snapshot, view = world.snapshot(**overrides), view or world.view()
    refusal = coordinator.screen(world.name, snapshot, view)
    if refusal is not None:
        return refusal
    selection = coordinator.select(world.name, snapshot, view)
    if isinstance(selection, Refused):
        return selection
    found = world.quotes(selection.contracts, snapshot.time) if quotes is None else quotes(selection)
    return coordinator.propose(world.name, replace(snapshot, quotes=found), view, selection,
                               f"{world.name}/{world.time:%Y%m%d%H%M}")


def select(world: World, **overrides: Any) -> Select | Refused:
    """What the strategy alone selects."""
    return ALL[world.name].select(world.snapshot(**overrides), world.view())


def position_of(world: World, intent: Intent, time: datetime | None = None) -> Position:
    """The position after the intent was filled whole at the mids."""
    now = time or world.time
    quotes = world.quotes((leg.contract for leg in intent.legs), now)
    price = sum(leg.ratio * quotes[leg.contract.id].mid for leg in intent.legs)
    legs = tuple(HeldLeg(contract=leg.contract, quantity=leg.ratio * intent.quantity,
                         average_price=quotes[leg.contract.id].mid) for leg in intent.legs)
    shorts = [leg.contract.dte(now.date()) for leg in intent.legs if leg.ratio < 0]
    return make_position(
        *legs, id=intent.position_id, strategy=world.name, underlying=world.symbol, state=State.ACTIVE, opened=now,
        units=intent.quantity, entry_price=price, entry_margin_usd=intent.margin_usd * intent.quantity,
        entry_risk_usd=intent.risk_usd * intent.quantity, short_dte_at_entry=max(shorts, default=None),
        cash_flow_usd=-price * world.multiplier * intent.quantity, fees_usd=0.0, facts=dict(intent.facts))


def shares_of(symbol: str) -> Contract:
    """The underlying itself, as an assignment brings it."""
    return Contract(underlying=symbol, expiry=date.max, strike=0.0, right=Right.CALL, kind=ContractKind.EQUITY,
                    multiplier=1.0)


def plain(value: Any) -> Any:
    """What JSON makes of it: raises when a fact is not plain."""
    return json.loads(json.dumps(value, allow_nan=False))


def code_of(answer: Any) -> RefusalCode | None:
    return answer.code if isinstance(answer, Refused) else None
