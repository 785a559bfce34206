"""Orders and events as LEAN writes them."""

from __future__ import annotations

from local.engine.broker.enums import AccountType, BrokerageName
from local.engine.broker.orders import Leg
from local.engine.broker.serialization import _order_text, event_to_json, order_list_hash, order_to_json
from local.engine.enums import OptionRight
from tests.local.engine.broker.fakes import FakeAlgorithm


def filled_spread() -> FakeAlgorithm:
    algorithm = FakeAlgorithm()
    algorithm.set_brokerage_model(BrokerageName.TASTYTRADE, AccountType.MARGIN)
    spy = algorithm.add_spy()
    short = algorithm.add_option(spy, 500, OptionRight.PUT, 4.00, 4.10)
    long = algorithm.add_option(spy, 490, OptionRight.PUT, 3.00, 3.10)
    algorithm.start()
    algorithm.combo_limit_order([Leg.create(short.symbol, -1), Leg.create(long.symbol, 1)], 2, -0.5)
    algorithm.advance()
    short.quote(4.00, 4.15)
    long.quote(3.00, 3.15)
    algorithm.step()
    return algorithm


def test_no_orders_hash_to_the_hash_of_nothing() -> None:
    assert order_list_hash({}) == "d41d8cd98f00b204e9800998ecf8427e"


def test_an_order_is_written_in_leans_order_with_leans_decimals() -> None:
    order = filled_spread().transactions.processor.orders[2]
    own, underlying = str(order.symbol.id), str(order.symbol.underlying.id)
    assert _order_text(order) == (
        '{"type":9,"quantity":2.0,"id":2,"contingentId":0,"brokerId":["2"],"symbol":{"value":"SPY   241115P00490000",'
        f'"id":"{own}","permtick":"SPY   241115P00490000","underlying":{{"value":"SPY","id":"{underlying}",'
        '"permtick":"SPY"}},"price":3.15,"priceCurrency":"USD","time":"2024-07-24T14:00:00Z",'
        '"createdTime":"2024-07-24T14:00:00Z","lastFillTime":"2024-07-24T14:01:00Z","status":3,"tag":"",'
        '"properties":{"timeInForce":{}},"securityType":2,"direction":0,"value":6.30,"orderSubmissionData":'
        '{"bidPrice":3.0000,"askPrice":3.1000,"lastPrice":3.0500},"isMarketable":false,"groupOrderManager":{"id":1,'
        '"quantity":2.0,"count":2,"limitPrice":-0.50,"orderIds":[1,2],"direction":0},"priceAdjustmentMode":0}')


def test_rows_of_the_result_file_have_plain_numbers() -> None:
    row = order_to_json(filled_spread().transactions.processor.orders[1])
    assert row["type"] == 9 and row["quantity"] == -2.0 and row["price"] == 4.0
    assert row["properties"] == {"timeInForce": {}}


def test_an_event_row() -> None:
    event = filled_spread().events[-1]
    symbol = str(event.symbol.id)
    assert event_to_json(event, "run") == {
        "id": "run-2-2", "algorithmId": "run", "orderId": 2, "orderEventId": 2,
        "symbol": symbol, "symbolValue": "SPY   241115P00490000",
        "symbolPermtick": "SPY", "time": 1721829660.0, "status": "filled", "orderFeeAmount": 2.0,
        "orderFeeCurrency": "USD", "fillPrice": 3.15, "fillPriceCurrency": "USD", "fillQuantity": 2.0,
        "direction": "buy", "isAssignment": False, "quantity": 2.0}
