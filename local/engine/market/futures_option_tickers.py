"""Tickers of options on futures where they differ from the future's own."""
from __future__ import annotations

_OPTION_OF_FUTURE = {
    "EH": "OEH", "KE": "OKE", "TN": "OTN", "UB": "OUB", "YM": "OYM", "ZB": "OZB", "ZC": "OZC", "ZF": "OZF", "ZL": "OZL",
    "ZM": "OZM", "ZN": "OZN", "ZO": "OZO", "ZS": "OZS", "ZT": "OZT", "ZW": "OZW", "RTY": "RTO", "GC": "OG", "HG": "HXE",
    "SI": "SO", "CL": "LO", "HCL": "HCO", "HO": "OH", "NG": "ON", "PA": "PAO", "PL": "PO", "RB": "OB", "YG": "OYG",
    "ZG": "OZG", "ZI": "OZI", "6A": "ADU", "6B": "GBU", "6C": "CAU", "6E": "EUU", "6J": "JPU", "6S": "CHU",
}
_FUTURE_OF_OPTION = {option: future for future, option in _OPTION_OF_FUTURE.items()}


def option_of_future(ticker: str) -> str:
    """Ticker of the options on a future, e.g. OG for GC; a future without an entry has options of its own name."""
    return _OPTION_OF_FUTURE.get(ticker.upper(), ticker.upper())


def future_of_option(ticker: str) -> str:
    """Ticker of the future under an option on futures."""
    return _FUTURE_OF_OPTION.get(ticker.upper(), ticker.upper())
