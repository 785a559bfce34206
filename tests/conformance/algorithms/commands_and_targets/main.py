from AlgorithmImports import *
from probe import Probe


class CommandsAndTargets(Probe):
    """Commands of the algorithm's own, run and broadcast; portfolio targets; the list of subscriptions."""

    START, END = (2024, 8, 6), (2024, 8, 7)

    def set_up(self):
        class Trade(Command):
            quantity, fails, text = 0, False, None

            def run(self, algorithm):
                if self.fails:
                    raise ValueError("as told")
                algorithm.market_order("SPY", self.quantity)
                return None if self.text == "nothing" else self.quantity > 0

        self.kind = Trade
        self.qqq = self.add_equity("QQQ", Resolution.HOUR, extended_market_hours=True).symbol
        self.option = self.put((2024, 9, 20), 500)
        self.add_command(Trade)
        self.at((2024, 8, 6), "10:00", self.commands)
        self.at((2024, 8, 6), "11:00", self.subscriptions)
        self.at((2024, 8, 6), "12:01", self.targets)
        self.at((2024, 8, 7), "12:01", lambda: self.set_holdings([PortfolioTarget(self.qqq, 0.1)], True))
        self.at((2024, 8, 7), "12:30", lambda: self.account("in the end"))

    def commands(self):
        for what, fields in (("bought", {"quantity": 3}), ("sold", {"Quantity": -1}), ("failed", {"fails": True}),
                             ("nothing", {"quantity": 1, "text": "nothing"})):
            self.run_one(what, "Trade", fields)
        self.run_one("unknown", "NoSuch", {})
        self.note("broadcast", answer=self.broadcast_command(self.kind()))

    def run_one(self, what, kind, fields):
        command = CallbackCommand()
        command.id, command.type, command.payload = "c1", kind, json.dumps({"$type": kind, **fields})
        answer = self.run_command(command)
        self.note(what, success=answer.success, name=answer.command_name)

    def subscriptions(self):
        rows = [f"{one.symbol.value} {one.resolution} {one.tick_type} {one.fill_data_forward} {one.extended_market_hours} "
                f"{one.is_internal_feed} {one.data_normalization_mode}" for one in self.subscription_manager.subscriptions]
        self.note("subscriptions", rows=sorted(rows), count=self.subscription_manager.count)

    def targets(self):
        one = PortfolioTarget.percent(self, self.spy, 0.25)
        self.note("target", quantity=one.quantity, tag=one.tag, text=str(one), symbol=one.symbol.value)
        delta = PortfolioTarget.percent(self, self.spy, 0.25, True)
        self.note("delta", quantity=delta.quantity, none=PortfolioTarget.percent(self, self.option, 0.0).quantity)
        tickets = self.set_holdings([PortfolioTarget(self.spy, 0.6), PortfolioTarget(self.qqq, -0.2, "short")])
        self.answer("targets", tickets, quantities=[ticket.quantity for ticket in tickets])
        self.account("targets")
