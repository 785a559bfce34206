from AlgorithmImports import *
from probe import Probe


class GreeksSubscribed(Probe):
    """Live implied volatility and Greeks of contracts added one by one, on SPY, VIX and a future, in slice chains."""

    START, END = (2024, 8, 5), (2024, 8, 6)

    def set_up(self):
        self.options = [self.put((2024, 8, 16), 510), self.call((2024, 9, 20), 540), self.put((2024, 12, 20), 450)]
        vix = Symbol.create_option(self.vix, "VIXW", Market.USA, OptionStyle.EUROPEAN, OptionRight.CALL, 30,
                                   datetime(2024, 8, 14))
        self.options.append(self.add_index_option_contract(vix).symbol)
        es = self.add_future_contract(Symbol.create_future("ES", Market.CME, datetime(2024, 9, 20))).symbol
        put = Symbol.create_option(es, Market.CME, OptionStyle.AMERICAN, OptionRight.PUT, 5100, datetime(2024, 9, 20))
        self.options.append(self.add_future_option_contract(put).symbol)
        for day in (5, 6):
            for clock in ("9:40", "12:30", "15:55"):
                self.at((2024, 8, day), clock, self.look)

    def look(self):
        chains = {str(pair.key.id): pair.value for pair in self.current_slice.option_chains}
        self.note("chains", names=sorted(chains))
        for symbol in self.options:
            chain = self.current_slice.option_chains.get(symbol.canonical)
            contract = None if chain is None else chain.contracts.get(symbol)
            if contract is None:
                self.note("absent", symbol=self.name_of(symbol))
                continue
            greeks = contract.greeks
            self.note("contract", symbol=self.name_of(symbol), bid=contract.bid_price, ask=contract.ask_price,
                      iv=contract.implied_volatility, delta=greeks.delta, gamma=greeks.gamma, vega=greeks.vega,
                      theta=greeks.theta, rho=greeks.rho, under=contract.underlying_last_price)
