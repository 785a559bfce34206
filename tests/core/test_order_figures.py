"""What orders took and cost, by strategy and purpose."""
from __future__ import annotations

from core.model import Purpose
from core.order_figures import OrderFigures


def facts(orders: int = 1, contracts: int = 2, slippage: float = 3.0, half: float = 10.0) -> dict[str, float]:
    return {"orders": orders, "contracts": contracts, "slippage_usd": slippage, "half_spread_usd": half}


def test_every_end_of_an_intent_is_counted_once() -> None:
    figures = OrderFigures()
    for name, purpose, filled, refused in (("lt112", Purpose.ENTRY, True, False), ("lt112", Purpose.ENTRY, False, False),
                                           ("lt112", Purpose.ENTRY, False, True), ("lt112", Purpose.EXIT, True, False),
                                           ("calendar", Purpose.MANAGE, True, False)):
        figures.ended(name, purpose, facts(orders=2), filled=filled, refused=refused, minutes=4.0)
    rows = figures.rows()
    assert [(row["strategy"], row["purpose"]) for row in rows] == [("calendar", "MANAGE"), ("lt112", "ENTRY"), ("lt112", "EXIT")]
    assert rows[1] == {"strategy": "lt112", "purpose": "ENTRY", "intents": 3, "filled": 1, "unfilled": 1, "refused": 1,
                       "orders": 6, "contracts": 6, "slippage_usd": 9.0, "half_spread_usd": 30.0, "minutes": 4.0,
                       "longest_minutes": 4.0}
