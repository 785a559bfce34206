"""The exchange's margin, on a given day, for the future under an option: a fixed sum or a share of the future's value,
whichever is larger."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Mapping

from config.future_margins import CONFIRMED, CONFIRMED_FOR_DAYS, FUTURE_MARGINS, MICRO_OF, MICRO_SHARE, FutureMargin
from core.errors import CannotCompute, IntegrityError
from core.market_values import positive
from core.model import Contract


def margin_row(product: str, day: date) -> FutureMargin:
    """The row in force on ``day`` for the full-size contract.

    Raises
    ------
    CannotCompute
        If the product is unknown, or the day is before its first row.
    """
    rows = [row for row in FUTURE_MARGINS.get(MICRO_OF.get(product, product), ()) if row.since <= day]
    if not rows:
        raise CannotCompute("no exchange margin for the future", product=product, day=day.isoformat())
    return rows[-1]


def needs_price(product: str, day: date) -> bool:
    """Whether the margin depends on the future's price.

    Raises
    ------
    CannotCompute
        As :func:`margin_row`.
    """
    return margin_row(product, day).value_share > 0.0


def future_margin_usd(contract: Contract, day: date, price: float | None) -> float:
    """Margin in USD for one of the futures that ``contract`` is an option on.

    Parameters
    ----------
    price : float or None
        Price of the future in points. Needed if the exchange asks a share of its value.

    Raises
    ------
    CannotCompute
        As :func:`margin_row`, and if the price is needed and is not a positive number.
    """
    row = margin_row(contract.underlying, day)
    total = row.usd * (MICRO_SHARE if contract.underlying in MICRO_OF else 1.0)
    if not row.value_share:
        return total
    return max(total, row.value_share * positive(price, "price", product=contract.underlying) * contract.multiplier)


def unconfirmed(products: tuple[str, ...], day: date) -> Mapping[str, date]:
    """Those of ``products`` whose figures were last compared with the exchange's more than a year ago, and when."""
    found = {product: CONFIRMED[MICRO_OF.get(product, product)] for product in products}
    return {product: confirmed for product, confirmed in found.items()
            if day - confirmed > timedelta(days=CONFIRMED_FOR_DAYS)}


def check_figures() -> None:
    """Raise IntegrityError if a table is out of order or a figure is not a positive number."""
    for product, rows in FUTURE_MARGINS.items():
        days = [row.since for row in rows]
        if not rows or days != sorted(set(days)) or product not in CONFIRMED:
            raise IntegrityError("the margins of a future are out of order", product=product)
        for row in rows:
            if not (row.usd > 0.0 and 0.0 <= row.value_share < 1.0):
                raise IntegrityError("margin of a future is not a positive number", product=product,
                                     since=row.since.isoformat(), usd=row.usd, value_share=row.value_share)
