"""Tickers of common futures under the names algorithms use, e.g. `Futures.Indices.SP_500_E_MINI`."""
from __future__ import annotations

from local.engine.errors import MemberNotSupported


class _Named(type):
    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        raise MemberNotSupported(f"Futures.{cls.__name__}.{name}")


class _Grains(metaclass=_Named):
    SRW_WHEAT, HRW_WHEAT, CORN, SOYBEANS, SOYBEAN_MEAL, SOYBEAN_OIL, OATS = "ZW", "KE", "ZC", "ZS", "ZM", "ZL", "ZO"


class _Currencies(metaclass=_Named):
    USD, GBP, CAD, JPY, CHF, EUR, AUD, NZD, MXN = "DX", "6B", "6C", "6J", "6S", "6E", "6A", "6N", "6M"
    BTC, ETH, MICRO_BTC, MICRO_ETHER = "BTC", "ETH", "MBT", "MET"
    MICRO_EUR, MICRO_AUD, MICRO_GBP = "M6E", "M6A", "M6B"


class _Energy(metaclass=_Named):
    CRUDE_OIL_WTI, MICRO_CRUDE_OIL_WTI, BRENT_LAST_DAY_FINANCIAL = "CL", "MCL", "BZ"
    HEATING_OIL, GASOLINE, NATURAL_GAS = "HO", "RB", "NG"


class _Financials(metaclass=_Named):
    Y_30_TREASURY_BOND, Y_10_TREASURY_NOTE, Y_5_TREASURY_NOTE, Y_2_TREASURY_NOTE = "ZB", "ZN", "ZF", "ZT"
    ULTRA_US_TREASURY_BOND, ULTRA_TEN_YEAR_US_TREASURY_NOTE, EURO_DOLLAR = "UB", "TN", "GE"


class _Indices(metaclass=_Named):
    SP_500_E_MINI, NASDAQ_100_E_MINI, DOW_30_E_MINI, RUSSELL_2000_E_MINI = "ES", "NQ", "YM", "RTY"
    MICRO_SP_500_E_MINI, MICRO_NASDAQ_100_E_MINI = "MES", "MNQ"
    MICRO_DOW_30_E_MINI, MICRO_RUSSELL_2000_E_MINI = "MYM", "M2K"
    VIX, NIKKEI_225_DOLLAR, SP_400_MID_CAP_EMINI, EURO_STOXX_50 = "VX", "NKD", "EMD", "FESX"


class _Meats(metaclass=_Named):
    LIVE_CATTLE, FEEDER_CATTLE, LEAN_HOGS = "LE", "GF", "HE"


class _Metals(metaclass=_Named):
    GOLD, SILVER, PLATINUM, PALLADIUM, COPPER, MICRO_GOLD, MICRO_SILVER = "GC", "SI", "PL", "PA", "HG", "MGC", "SIL"


class _Softs(metaclass=_Named):
    COTTON_2, ORANGE_JUICE, COFFEE, SUGAR_11, COCOA = "CT", "OJ", "KC", "SB", "CC"


class _Forestry(metaclass=_Named):
    RANDOM_LENGTH_LUMBER, LUMBER = "LBS", "LBR"


class Futures:
    """Tickers by group; a name that is not here raises."""

    Grains, Currencies, Energy, Energies, Financials = _Grains, _Currencies, _Energy, _Energy, _Financials
    Indices, Meats, Metals, Softs, Forestry = _Indices, _Meats, _Metals, _Softs, _Forestry
