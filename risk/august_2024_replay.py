"""The lesson of 5 August 2024, replayed. The fourteen short-volatility positions of Friday 2 August go through a gate
that holds only the limiter; the replay shows what all of them lost on Monday and what the admitted ones lost.

On record are the positions that were open and what they lost together: 308,000, 60 % of the account. Their strikes and
sizes are not on record. So each position is modelled once, one contract at the method's own distances, between Friday's
close and Monday's. ``scaled`` losses share the recorded sum out in the model's proportions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Sequence

from core.american.leg import american_price
from core.carry import AMERICAN_KINDS, risk_free_rate
from core.guards import OpenRisk
from core.model import ContractKind, Refused, Right
from core.option_math import price
from risk.august_2024_correlation_limiter import check_counts

FRIDAY: Final = datetime(2024, 8, 2, 16, 0)
MONDAY: Final = datetime(2024, 8, 5, 16, 0)
RECORDED_LOSS: Final = 308_000.0
YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLeg:
    """One option of a modelled position: its signed count, and its volatility (a fraction per year) on both days."""

    right: Right
    strike: float
    count: int
    friday_iv: float
    monday_iv: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Casualty:
    """One position of Friday 2 August. ``spot`` holds its underlying's close on Friday and on Monday."""

    name: str
    strategy: str
    underlying: str
    spot: tuple[float, float]
    expiry: date
    multiplier: float
    legs: tuple[ModelLeg, ...]
    kind: ContractKind = ContractKind.FUTURE_OPTION

    @property
    def risk(self) -> OpenRisk:
        """The position as the limiter counts it."""
        return OpenRisk(strategy=self.strategy, underlying=self.underlying, short_volatility=True)

    @property
    def loss_usd(self) -> float:
        """Model loss from Friday's close to Monday's, one contract, USD (positive: a loss)."""
        return self._value(FRIDAY, self.spot[0], monday=False) - self._value(MONDAY, self.spot[1], monday=True)

    def _value(self, now: datetime, spot: float, *, monday: bool) -> float:
        years = (datetime.combine(self.expiry, now.time()) - now) / YEAR
        rate = risk_free_rate(now.date())
        model = american_price if self.kind in AMERICAN_KINDS else price
        points = sum(leg.count * model(spot, leg.strike, leg.right, leg.monday_iv if monday else leg.friday_iv, years,
                                       rate, rate) for leg in self.legs)
        return self.multiplier * points


def _short(right: Right, strike: float, friday_iv: float, monday_iv: float, count: int = -1) -> ModelLeg:
    return ModelLeg(right=right, strike=strike, count=count, friday_iv=friday_iv, monday_iv=monday_iv)


_PUT, _CALL = Right.PUT, Right.CALL
_SPX_PUT = Casualty(name="SPX 112-day put", strategy="lt112", underlying="SPX", spot=(5_346.56, 5_186.33),
                    expiry=date(2024, 11, 22), multiplier=100.0, legs=(_short(_PUT, 4_810.0, 0.24, 0.33),),
                    kind=ContractKind.INDEX_OPTION)
_ES = Casualty(name="/ES strangle", strategy="futures_strangle", underlying="/ES", spot=(5_376.0, 5_215.0),
               expiry=date(2024, 9, 20), multiplier=50.0,
               legs=(_short(_PUT, 5_190.0, 0.22, 0.35), _short(_CALL, 5_525.0, 0.17, 0.27)))
_CL = Casualty(name="/CL strangle", strategy="futures_strangle", underlying="/CL", spot=(73.52, 72.94),
               expiry=date(2024, 9, 17), multiplier=1_000.0,
               legs=(_short(_PUT, 69.0, 0.37, 0.40), _short(_CALL, 77.0, 0.35, 0.37)))
_GC = Casualty(name="/GC strangle", strategy="futures_strangle", underlying="/GC", spot=(2_469.8, 2_444.4),
               expiry=date(2024, 9, 25), multiplier=100.0,
               legs=(_short(_PUT, 2_400.0, 0.165, 0.185), _short(_CALL, 2_525.0, 0.165, 0.185)))
_IWM = Casualty(name="IWM condor", strategy="condor", underlying="IWM", spot=(208.9, 202.2),
                expiry=date(2024, 9, 6), multiplier=100.0, kind=ContractKind.EQUITY_OPTION,
                legs=(_short(_PUT, 200.0, 0.29, 0.40), _short(_PUT, 195.0, 0.31, 0.42, 1),
                      _short(_CALL, 218.0, 0.23, 0.33), _short(_CALL, 223.0, 0.22, 0.32, 1)))
AUGUST_2_2024: Final[tuple[Casualty, ...]] = (_SPX_PUT,) * 6 + (_ES,) * 2 + (_CL,) * 3 + (_GC,) * 2 + (_IWM,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What the limiter would have done. ``refused`` pairs each refused position with its refusal; losses are in USD."""

    admitted: tuple[Casualty, ...]
    refused: tuple[tuple[Casualty, Refused], ...]

    @property
    def all_loss_usd(self) -> float:
        """Model loss of all positions, one contract each."""
        return self.admitted_loss_usd + sum(casualty.loss_usd for casualty, _ in self.refused)

    @property
    def admitted_loss_usd(self) -> float:
        """Model loss of the admitted positions, one contract each."""
        return sum(casualty.loss_usd for casualty in self.admitted)

    @property
    def scaled_admitted_loss(self) -> float:
        """The admitted positions' share of the recorded loss, in the model's proportions."""
        return RECORDED_LOSS * self.admitted_loss_usd / self.all_loss_usd

    def lines(self) -> tuple[str, ...]:
        """The result as text: one line per position, then the sums."""
        rows = [f"admitted  {casualty.name:16} loss {casualty.loss_usd:10,.0f}" for casualty in self.admitted]
        rows += [f"refused   {casualty.name:16} loss {casualty.loss_usd:10,.0f}  {refusal.code.value}"
                 for casualty, refusal in self.refused]
        count = len(self.admitted) + len(self.refused)
        rows.append(f"loss on 5 August, one contract each: all {count}: {self.all_loss_usd:,.0f}; "
                    f"the {len(self.admitted)} admitted: {self.admitted_loss_usd:,.0f}")
        rows.append(f"of the recorded {RECORDED_LOSS:,.0f} the admitted would have lost "
                    f"{self.scaled_admitted_loss:,.0f}")
        return tuple(rows)


def replay(casualties: Sequence[Casualty] = AUGUST_2_2024) -> Replay:
    """Send the positions, in their order, through a gate that holds only the limiter's counts."""
    admitted: list[Casualty] = []
    refused: list[tuple[Casualty, Refused]] = []
    for casualty in casualties:
        answer = check_counts(casualty.risk, [earlier.risk for earlier in admitted])
        if answer is None:
            admitted.append(casualty)
        else:
            refused.append((casualty, answer))
    return Replay(admitted=tuple(admitted), refused=tuple(refused))
