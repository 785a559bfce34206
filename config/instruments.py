"""The underlyings that the framework trades or reads: LEAN's names, contract sizes, and the source of each history of
implied volatility. Tickers are those of the strategy table; futures begin with ``/``."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, Mapping

from core.model import ContractKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One underlying.

    Attributes
    ----------
    security : str
        Kind of LEAN subscription.
    root, market : str
        LEAN's ticker and market (futures' exchange).
    multiplier : float
        Dollars per point of one option contract.
    volatility_index : str or None
        The index whose daily closes are this underlying's IV history. None: the history is kept from daily chains.
    """

    security: Literal["equity", "index", "future"]
    root: str
    market: str
    option_kind: ContractKind
    multiplier: float
    volatility_index: str | None


def _equity(ticker: str, volatility_index: str | None) -> Instrument:
    return Instrument(security="equity", root=ticker, market="usa", option_kind=ContractKind.EQUITY_OPTION,
                      multiplier=100.0, volatility_index=volatility_index)


def _future(root: str, market: str, multiplier: float, volatility_index: str | None) -> Instrument:
    return Instrument(security="future", root=root, market=market, option_kind=ContractKind.FUTURE_OPTION,
                      multiplier=multiplier, volatility_index=volatility_index)


def _index(ticker: str) -> Instrument:
    return Instrument(security="index", root=ticker, market="usa", option_kind=ContractKind.INDEX_OPTION,
                      multiplier=100.0, volatility_index=ticker)


INSTRUMENTS: Final[Mapping[str, Instrument]] = MappingProxyType({
    "SPY": _equity("SPY", "VIX"), "QQQ": _equity("QQQ", "VXN"), "IWM": _equity("IWM", "RVX"),
    "AAPL": _equity("AAPL", "VXAPL"), "MSFT": _equity("MSFT", None),
    "VIX": _index("VIX"), "VXN": _index("VXN"), "RVX": _index("RVX"), "GVZ": _index("GVZ"), "OVX": _index("OVX"),
    "VXAPL": _index("VXAPL"),
    "/ES": _future("ES", "cme", 50.0, "VIX"), "/MES": _future("MES", "cme", 5.0, "VIX"),
    "/CL": _future("CL", "nymex", 1_000.0, "OVX"), "/MCL": _future("MCL", "nymex", 100.0, "OVX"),
    "/GC": _future("GC", "comex", 100.0, "GVZ"), "/MGC": _future("MGC", "comex", 10.0, "GVZ"),
    "/SI": _future("SI", "comex", 5_000.0, "GVZ"),
})
