from AlgorithmImports import *
from probe import Probe


class ChainObjectFrame(Probe):
    """The daily chain as an object and as a frame: SPY, VIX, options on a future, and the provider's list."""

    START, END = (2024, 8, 6), (2024, 8, 7)

    def set_up(self):
        self.at((2024, 8, 6), "9:35", self.look)
        self.at((2024, 8, 7), "15:59", self.look)

    def look(self):
        es = min(self.future_chain(Symbol.create("ES", SecurityType.FUTURE, Market.CME)), key=lambda row: row.expiry)
        for symbol in (self.spy, self.vix, es.symbol):
            rows = list(self.option_chain(symbol))
            self.note("chain", of=symbol.value, rows=len(rows), expiries=len({row.expiry for row in rows}),
                      strikes=sum(float(row.strike) for row in rows), closes=sum(float(row.last_price) for row in rows),
                      iv=sum(float(row.implied_volatility) for row in rows),
                      delta=sum(abs(float(row.greeks.delta)) for row in rows))
            for row in sorted(rows, key=lambda row: str(row.symbol.id))[:: max(len(rows) // 5, 1)]:
                self.note("row", id=str(row.symbol.id), bid=row.bid_price, ask=row.ask_price, last=row.last_price,
                          interest=row.open_interest, iv=row.implied_volatility, delta=row.greeks.delta,
                          gamma=row.greeks.gamma, vega=row.greeks.vega, theta=row.greeks.theta, style=int(row.style),
                          right=int(row.right), expiry=str(row.expiry), under=row.underlying_last_price)
        frame = self.option_chain(self.spy, flatten=True).data_frame
        self.note("frame", rows=len(frame), columns=sorted(str(column) for column in frame.columns),
                  strikes=float(frame["strike"].sum()), first=str(frame.index[0]))
        listed = list(self.option_chain_provider.get_option_contract_list(self.spy, self.time))
        self.note("listed", count=len(listed), last=max(str(symbol.id.date) for symbol in listed))
