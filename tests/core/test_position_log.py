"""What is kept of a position for whoever reads the run: its entry's market, its fills, its changes."""
from __future__ import annotations

from datetime import timedelta

import pytest

from core.model import Intent, Leg, Purpose, Right, Urgency
from core.option_values import contract_greeks
from core.position_log import EXCHANGE, PositionLog, entry_facts
from tests.builders import FRIDAY, make_contract, make_quote, make_snapshot

SHORT, LONG = make_contract(strike=530.0, right=Right.PUT), make_contract(strike=525.0, right=Right.PUT)


def intent(purpose: Purpose = Purpose.ENTRY) -> Intent:
    return Intent(id=f"p:{purpose.value}", strategy="lt112", position_id="p", purpose=purpose, urgency=Urgency.WALK,
                  legs=(Leg(contract=LONG, ratio=1), Leg(contract=SHORT, ratio=-1)), quantity=3, reason="because",
                  created=FRIDAY, facts={"short_strike_probability_otm": 0.81}, risk_usd=380.0)


def test_the_entry_keeps_the_market_it_was_decided_in() -> None:
    quote = make_quote(6.00, 6.04, FRIDAY)
    seen = make_snapshot(quotes={SHORT.id: quote})
    facts = entry_facts(intent(), seen)
    assert (facts["probability_otm"], facts["units"], facts["risk_usd"]) == (0.81, 3, 380.0)
    assert facts["underlying_price"] == seen.price("SPY") and facts["vix"] == seen.known_vix.value
    unquoted, quoted = facts["legs"]
    one = contract_greeks(SHORT, quote, seen.price("SPY"), FRIDAY)
    assert (quoted["count"], quoted["bid"], quoted["ask"]) == (-1, 6.00, 6.04)
    assert (quoted["iv"], quoted["delta"]) == (pytest.approx(one.iv, abs=1e-6), pytest.approx(one.delta, abs=1e-6))
    assert (unquoted["bid"], unquoted["iv"], unquoted["delta"]) == (None, None, None)


def test_fills_and_changes_stand_in_their_order() -> None:
    log = PositionLog()
    log.entered(intent(), make_snapshot())
    log.filled("p", FRIDAY, SHORT, -3, 6.02, 3.0, "ENTRY")
    log.changed(intent(Purpose.MANAGE), FRIDAY + timedelta(days=1))
    log.filled("p", FRIDAY + timedelta(days=2), SHORT, 3, 0.0, 0.0, EXCHANGE)
    row, = log.rows()
    assert [(fill["quantity"], fill["price"], fill["purpose"]) for fill in row["fills"]] == [
        (-3, 6.02, "ENTRY"), (3, 0.0, "EXCHANGE")]
    assert [(change["purpose"], change["reason"]) for change in row["changes"]] == [("MANAGE", "because")]
    assert row["entry"]["legs"][1]["contract"] == SHORT.id


def test_a_position_of_an_earlier_life_has_no_entry() -> None:
    log = PositionLog()
    log.filled("p", FRIDAY, SHORT, 3, 1.0, 0.0, "EXIT")
    assert log.rows()[0]["entry"] is None
