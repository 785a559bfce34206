"""Margin of option strategies by name, as LEAN models them.

Several of these are not what a broker asks (a condor is margined by its put wing alone); they are what LEAN does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from local.engine.broker.margin_types import MaintenanceMarginParameters, OptionInitialMargin
from local.engine.enums import OptionRight

if TYPE_CHECKING:
    from local.engine.broker.portfolio import SecurityPortfolioManager
    from local.engine.broker.positions import Position, PositionGroup

Margin = Callable[["GroupView"], float]

_ZERO = ("Call Calendar Spread", "Put Calendar Spread", "Straddle", "Strangle", "Butterfly Call", "Butterfly Put",
         "Box Spread")


class GroupView:
    """A group's positions with their securities."""

    def __init__(self, portfolio: SecurityPortfolioManager, group: PositionGroup) -> None:
        self.portfolio = portfolio
        self.quantity = abs(group.quantity)
        self.signed_quantity = group.quantity
        self.options = [p for p in group if p.symbol.security_type.is_option()]
        self.shares = next((p for p in group if not p.symbol.security_type.is_option()), None)

    def security(self, position: Position) -> Any:
        """Return the security of a position."""
        return self.portfolio.securities[position.symbol]

    def only(self, right: OptionRight | None = None, side: int = 0) -> Position:
        """Return the one option of a right and side; ValueError when there is not exactly one."""
        (found,) = [p for p in self.options if (right is None or p.symbol.id.option_right is right)
                    and (side == 0 or p.quantity * side > 0)]
        return found

    def unit(self, position: Position) -> float:
        """Return the shares behind a position's contracts."""
        return self.security(position).contract_unit_of_trade * abs(position.quantity)

    @property
    def share_security(self) -> Any:
        """The underlying's security."""
        return self.security(self.shares)

    def kept(self, position: Position) -> float:
        """Return a position's own maintenance margin."""
        security = self.security(position)
        return security.buying_power_model.maintenance_requirement(security, position.quantity)

    def opened(self, position: Position) -> float:
        """Return a position's own initial margin without sign."""
        security = self.security(position)
        return abs(security.buying_power_model.initial_requirement(security, position.quantity))


def _put_width(view: GroupView) -> float:
    long, short = view.only(OptionRight.PUT, 1), view.only(OptionRight.PUT, -1)
    width = short.symbol.id.strike_price - long.symbol.id.strike_price
    return max(width * view.security(long).contract_unit_of_trade * view.quantity, 0.0)


def _call_width(view: GroupView) -> float:
    long, short = view.only(OptionRight.CALL, 1), view.only(OptionRight.CALL, -1)
    width = long.symbol.id.strike_price - short.symbol.id.strike_price
    return max(width * view.security(long).contract_unit_of_trade * view.quantity, 0.0)


def _wing_width(view: GroupView) -> float:
    """Distance of the two lowest strikes of a short butterfly."""
    low, middle = sorted(view.options, key=lambda p: p.symbol.id.strike_price)[:2]
    width = middle.symbol.id.strike_price - low.symbol.id.strike_price
    return max(width * view.security(low).contract_unit_of_trade * view.quantity, 0.0)


def _larger_side(view: GroupView, margin: Callable[[Position], float]) -> float:
    """Margin of the dearer of two naked shorts plus the other's price."""
    call, put = view.only(OptionRight.CALL), view.only(OptionRight.PUT)
    call_margin, put_margin = abs(margin(call)), abs(margin(put))
    if put_margin > call_margin:
        return put_margin + view.security(call).price * view.unit(call)
    return call_margin + view.security(put).price * view.unit(put)


def _protected_shares(view: GroupView) -> float:
    option = view.only()
    security, shares = view.security(option), view.share_security
    out_of_the_money = security.out_of_the_money_amount(shares.price) * view.unit(option)
    own = abs(view.kept(view.shares))
    return min(0.1 * security.strike_price * view.unit(option) + out_of_the_money, own)


def _covered_call(view: GroupView) -> float:
    option = view.only()
    security, shares = view.security(option), view.share_security
    in_the_money = security.get_intrinsic_value(shares.price) * view.unit(option)
    quantity = view.shares.quantity
    value = shares.holdings.get_quantity_value(quantity)
    option_value = security.holdings.get_quantity_value(option.quantity)
    capped = shares.holdings.get_quantity_value(quantity, min(shares.price, security.scaled_strike_price))
    model = shares.buying_power_model
    at_cap = model.get_maintenance_margin(MaintenanceMarginParameters(shares, quantity, 0.0, capped))
    at_market = model.get_maintenance_margin(MaintenanceMarginParameters(shares, quantity, 0.0, value))
    return max(in_the_money + at_cap, min(value, max(option_value, at_market)))


def _covered_put(view: GroupView) -> float:
    option = view.only()
    in_the_money = view.security(option).get_intrinsic_value(view.share_security.price) * view.unit(option)
    return view.opened(view.shares) + in_the_money


def _collar(view: GroupView) -> float:
    put, call = view.only(OptionRight.PUT), view.only(OptionRight.CALL)
    put_security = view.security(put)
    put_part = 0.1 * put_security.strike_price + put_security.out_of_the_money_amount(view.share_security.price)
    return min(put_part, 0.25 * view.security(call).strike_price) * view.unit(put)


def _conversion(right: OptionRight) -> Margin:
    def margin(view: GroupView) -> float:
        option = view.only(right)
        security = view.security(option)
        each = 0.1 * security.strike_price + security.get_intrinsic_value(view.share_security.price)
        return each * view.unit(option)
    return margin


def _collar_initial(right: OptionRight) -> Margin:
    def margin(view: GroupView) -> float:
        option = view.only(right)
        in_the_money = view.security(option).get_intrinsic_value(view.share_security.price) * view.unit(option)
        return view.opened(view.shares) + in_the_money
    return margin


def _short_box(view: GroupView) -> float:
    long_call, short_call = view.only(OptionRight.CALL, 1), view.only(OptionRight.CALL, -1)
    long_put, short_put = view.only(OptionRight.PUT, 1), view.only(OptionRight.PUT, -1)
    fees = max(abs(long_call.quantity) * 0.65, 1.0) * 4
    costs = (view.security(short_call).ask_price - view.security(long_call).bid_price
             + view.security(short_put).ask_price - view.security(long_put).bid_price)
    units = view.unit(long_call)
    width = long_call.symbol.id.strike_price - short_call.symbol.id.strike_price
    return max(1.02 * (fees + costs * units), width * units)


def _jelly_roll(view: GroupView) -> float:
    far = max(p.symbol.id.date for p in view.options)
    (short,) = [p for p in view.options if p.quantity < 0 and p.symbol.id.date == far]
    return abs(view.kept(short))


def _call_ladder(bear: bool) -> Margin:
    def margin(view: GroupView) -> float:
        ordered = sorted(view.options, key=lambda p: p.symbol.id.strike_price)
        if (view.signed_quantity >= 0) == bear:
            view.options = ordered[:2]
            return _call_width(view)
        return view.opened(ordered[-1])
    return margin


def _put_ladder(bull: bool) -> Margin:
    def margin(view: GroupView) -> float:
        ordered = sorted(view.options, key=lambda p: -p.symbol.id.strike_price)
        if (view.signed_quantity >= 0) == bull:
            view.options = ordered[:2]
            return _put_width(view)
        return view.opened(ordered[-1])
    return margin


def _short_margin(view: GroupView) -> float:
    return view.kept(view.only(side=-1))


_LADDERS = {"Bear Call Ladder": _call_ladder(True), "Bull Call Ladder": _call_ladder(False),
            "Bear Put Ladder": _put_ladder(False), "Bull Put Ladder": _put_ladder(True)}
_WIDTHS = {
    **dict.fromkeys(("Bear Call Spread", "Bull Call Spread"), _call_width),
    **dict.fromkeys(("Bear Put Spread", "Bull Put Spread", "Iron Condor", "Short Iron Condor", "Iron Butterfly",
                     "Short Iron Butterfly"), _put_width),
    **dict.fromkeys(("Short Butterfly Put", "Short Butterfly Call"), _wing_width),
    **dict.fromkeys(_ZERO, lambda view: 0.0),
    **dict.fromkeys(("Jelly Roll", "Short Jelly Roll"), _jelly_roll),
    **_LADDERS,
    "Short Box Spread": _short_box,
    "Covered Put": _covered_put,
}
_MAINTENANCE: dict[str, Margin] = {
    **_WIDTHS,
    **dict.fromkeys(("Protective Put", "Protective Call"), _protected_shares),
    **dict.fromkeys(("Naked Call", "Naked Put"), lambda view: view.kept(view.only())),
    **dict.fromkeys(("Short Call Calendar Spread", "Short Put Calendar Spread"), _short_margin),
    **dict.fromkeys(("Short Straddle", "Short Strangle"), lambda view: _larger_side(view, view.kept)),
    "Covered Call": _covered_call,
    "Protective Collar": _collar,
    "Conversion": _conversion(OptionRight.CALL),
    "Reverse Conversion": _conversion(OptionRight.PUT),
}
_INITIAL: dict[str, Margin] = {
    **_WIDTHS,
    **dict.fromkeys(("Protective Put", "Protective Call"), lambda view: view.opened(view.shares)),
    **dict.fromkeys(("Short Call Calendar Spread", "Short Put Calendar Spread"),
                    lambda view: view.opened(view.only(side=-1))),
    **dict.fromkeys(("Short Straddle", "Short Strangle"), lambda view: _larger_side(view, view.opened)),
    **dict.fromkeys(("Protective Collar", "Conversion"), _collar_initial(OptionRight.CALL)),
    "Reverse Conversion": _collar_initial(OptionRight.PUT),
}


def maintenance_margin(strategy: str, portfolio: SecurityPortfolioManager, group: PositionGroup) -> float:
    """Return a strategy's margin to keep.

    Raises
    ------
    NotImplementedError
        For strategies that LEAN groups but has no margin for (backspreads): LEAN raises, too.
    """
    if strategy not in _MAINTENANCE:
        raise NotImplementedError(f"Option strategy {strategy} margin modeling has yet to be implemented")
    return _MAINTENANCE[strategy](GroupView(portfolio, group))


def initial_margin(strategy: str, portfolio: SecurityPortfolioManager, group: PositionGroup) -> float:
    """Return a strategy's margin to open, without its premium; see `maintenance_margin` for errors."""
    view = GroupView(portfolio, group)
    if strategy in ("Naked Call", "Naked Put"):
        option = view.only()
        security = view.security(option)
        margin = security.buying_power_model.initial_requirement(security, option.quantity)
        if isinstance(margin, OptionInitialMargin):
            return OptionInitialMargin(abs(margin.value_without_premium), margin.premium)
        # other models' margins are not options' margins: no premium is added
        return OptionInitialMargin(float(margin), 0.0)
    if strategy == "Covered Call":
        option = view.only()
        value = abs(view.security(option).holdings.get_quantity_value(option.quantity))
        shares = view.share_security
        return value * 0.8 + shares.buying_power_model.initial_requirement(shares, view.shares.quantity)
    if strategy not in _INITIAL:
        raise NotImplementedError(f"Option strategy {strategy} margin modeling has yet to be implemented")
    return _INITIAL[strategy](view)
