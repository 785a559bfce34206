from AlgorithmImports import *
from probe import Probe


def own(model, parameters):
    """What a model of the algorithm's own says."""
    return OptionPriceModelResult(parameters.contract.strike / 100, 0.25, Greeks(0.5, 0.1, 0.2, -0.3, 0.4, 2.0))


class PriceModels(Probe):
    """Price models an algorithm chooses, on American and European options: QuantLib's engines, LEAN's own, its own."""

    START, END = (2024, 8, 5), (2024, 8, 5)

    def set_up(self):
        lib = OptionPriceModels.QuantLib
        self.models = {"tree": lib.binomial_cox_ross_rubinstein, "whaley": lib.barone_adesi_whaley,
                       "formula": lib.black_scholes, "grid": lib.crank_nicolson_fd, "null": OptionPriceModels.null,
                       "own formula": OptionPriceModels.black_scholes, "own tree": OptionPriceModels.forward_tree,
                       "mine": type("OwnModel", (), {"evaluate": own})}
        for one in (self.spy, self.vix):
            self.securities[one].volatility_model = StandardDeviationOfReturnsVolatilityModel(5, Resolution.MINUTE)
        vix = [Symbol.create_option(self.vix, "VIXW", Market.USA, OptionStyle.EUROPEAN, OptionRight.CALL, strike,
                                    datetime(2024, 8, 14)) for strike in (30, 45)]
        self.options = [self.put((2024, 8, 16), 510), self.call((2024, 9, 20), 540), self.put((2024, 12, 20), 540),
                        *(self.add_index_option_contract(one).symbol for one in vix)]
        self.turn = iter(list(self.models))
        for number in range(len(self.models)):
            self.at((2024, 8, 5), f"10:{10 + number}", self.choose)

    def choose(self):
        self.chosen = next(self.turn)
        for symbol in self.options:
            self.securities[symbol].set_price_model(self.models[self.chosen]())

    def on_data(self, data):
        if self.time.hour != 10 or not 10 <= self.time.minute <= 17:
            return
        self.note("volatility", value=self.securities[self.spy].volatility_model.volatility)
        for symbol in self.options:
            contract = data.option_chains[symbol.canonical].contracts[symbol]
            try:
                greeks, price = contract.greeks, contract.theoretical_price
            except Exception:           # each engine raises its own kind: that it refuses is what is recorded
                self.note("refused", model=self.chosen, symbol=self.name_of(symbol))
                continue
            self.note("contract", model=self.chosen, symbol=self.name_of(symbol), iv=contract.implied_volatility,
                      delta=greeks.delta, gamma=greeks.gamma, vega=greeks.vega,
                      theta=greeks.theta, rho=greeks.rho,
                      theoretical=None if self.chosen.startswith("own") else price)
