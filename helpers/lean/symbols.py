"""LEAN's symbols of the framework's contracts, and the contracts of LEAN's symbols. Each is made once."""

from __future__ import annotations

from datetime import date, datetime, time

import AlgorithmImports as lean

from config.instruments import INSTRUMENTS
from core.model import Contract, ContractKind, Right
from helpers.lean.values import read_contract

KINDS = {lean.SecurityType.EQUITY: ContractKind.EQUITY, lean.SecurityType.OPTION: ContractKind.EQUITY_OPTION,
         lean.SecurityType.INDEX_OPTION: ContractKind.INDEX_OPTION,
         lean.SecurityType.FUTURE_OPTION: ContractKind.FUTURE_OPTION}


class SymbolBook:
    """Translates symbols and contracts both ways. ``underlyings`` are the subscribed ones by ticker; a future's entry
    stands for all of its months."""

    def __init__(self) -> None:
        self.underlyings: dict[str, lean.Symbol] = {}
        self._contract_of: dict[str, Contract] = {}
        self._symbol_of: dict[Contract, lean.Symbol] = {}

    def symbol(self, contract: Contract) -> lean.Symbol:
        """LEAN's symbol of ``contract``."""
        known = self._symbol_of.get(contract)
        if known is not None:
            return known
        if contract.kind is ContractKind.EQUITY:
            symbol = self.underlyings[contract.underlying]
        else:
            symbol = self._option_symbol(contract)
        self._symbol_of[contract] = symbol
        self._contract_of[str(symbol.id)] = contract
        return symbol

    def _option_symbol(self, contract: Contract) -> lean.Symbol:
        instrument = INSTRUMENTS[contract.underlying]
        right = lean.OptionRight.CALL if contract.right is Right.CALL else lean.OptionRight.PUT
        expiry = datetime.combine(contract.expiry, time.min)
        style, terms = lean.OptionStyle.AMERICAN, (right, contract.strike, expiry)
        if contract.future_expiry is not None:
            future = self.future(contract.underlying, contract.future_expiry)
            return lean.Symbol.create_option(future, instrument.market, style, *terms)
        underlying = self.underlyings[contract.underlying]
        if contract.kind is ContractKind.INDEX_OPTION:
            return lean.Symbol.create_option(underlying, contract.root or contract.underlying, lean.Market.USA,
                                             lean.OptionStyle.EUROPEAN, *terms)
        return lean.Symbol.create_option(underlying, lean.Market.USA, style, *terms)

    @staticmethod
    def future(ticker: str, expiry: date) -> lean.Symbol:
        """LEAN's symbol of one contract month."""
        instrument = INSTRUMENTS[ticker]
        return lean.Symbol.create_future(instrument.root, instrument.market, datetime.combine(expiry, time.min))

    def contract(self, symbol: lean.Symbol) -> Contract:
        """The contract of one of LEAN's symbols."""
        key = str(symbol.id)
        if key not in self._contract_of:
            found = read_contract(symbol, KINDS.get(symbol.security_type),
                                  lambda: symbol.id.option_right == lean.OptionRight.PUT)
            self._contract_of[key], self._symbol_of[found] = found, symbol
        return self._contract_of[key]
