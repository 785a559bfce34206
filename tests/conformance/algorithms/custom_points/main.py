from AlgorithmImports import *
from probe import Probe


def source(point, config, date, is_live):
    return SubscriptionDataSource("points", SubscriptionTransportMedium.OBJECT_STORE, FileFormat.CSV)


def read(point, config, line, date, is_live):
    parts = line.split(",")
    made = Points()
    made.symbol, made.time, made.value = config.symbol, datetime.strptime(parts[0], "%Y-%m-%d %H:%M"), float(parts[1])
    made["High"] = float(parts[2])
    return made


Points = type("Points", (PythonData,), {"get_source": source, "reader": read})


class CustomPoints(Probe):
    """Points of the algorithm's own kind, kept in the object store: slices, the security's price, history."""

    START, END = (2024, 8, 5), (2024, 8, 6)

    def set_up(self):
        self.points = self.add_data(Points, "Points", Resolution.HOUR).symbol
        lines = [f"2024-08-{day:02d} {hour:02d}:30,{day + hour / 100},{day * 2}" for day in (4, 5, 6, 7) for hour in (3, 9, 12, 20)]
        self.object_store.save("points", "\n".join(lines))
        self.at(None, "12:00", self.look)

    def look(self):
        self.note("look", price=self.securities[self.points].price)
        table = self.history(Points, self.points, self.start_date, self.time, Resolution.HOUR)
        self.note("history", times=[str(index[1]) for index in table.index], values=[float(one) for one in table["value"]],
                  high=[float(one) for one in table["high"]])

    def on_data(self, data):
        if data.contains_key(self.points):
            point = data.get(Points, self.points)
            self.note("point", at=str(point.end_time), value=point.value, high=point.high, price=point.price)
