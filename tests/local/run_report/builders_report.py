"""A small report.json as the framework leaves it, with two strategies, a crash, an open position and refusals."""
from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

MARK_TIMES = (time(10, 30), time(12), time(14), time(15, 15), time(15, 45))


def make_trade(**overrides: Any) -> dict[str, Any]:
    values: dict[str, Any] = dict(
        id="friday_0dte/202408020950", strategy="friday_0dte", underlying="SPY", opened="2024-08-02T09:52:00",
        closed="2024-08-02T13:05:00",
        legs=["+1 SPY 240802C00548.000", "-1 SPY 240802C00545.000", "-1 SPY 240802P00535.000", "+1 SPY 240802P00532.000"],
        units=2, entry_price=-0.92, exit_price=0.46, pnl_usd=84.0, fees_usd=8.0, entry_reason="IRON_CONDOR",
        exit_reason="PROFIT_TARGET", forced=False, protection=False, result_known=True, multiplier=100.0)
    return values | overrides


def make_marks(first: datetime = datetime(2024, 7, 1), days: int = 40) -> list[dict[str, Any]]:
    marks, equity = [], 65_000.0
    for number in range(days):
        day = first + timedelta(days=number)
        if day.weekday() >= 5:
            continue
        vix = 12.5 + number * 0.15 if day < datetime(2024, 8, 1) else 38.0 - abs(day.day - 5) * 4.0
        for clock in MARK_TIMES:
            equity += 22.0 if vix < 20 else -190.0 if vix > 30 else 60.0
            marks.append({"time": datetime.combine(day, clock).isoformat(), "equity": equity, "cash": equity - 900,
                          "vix": max(vix, 12.0), "regime": "low", "buying_power_used": min(0.6, number / 80),
                          "spy_delta": 20.0 + number, "vega": -150.0 - number, "gamma": -1.5, "theta": 41.0,
                          "spy": 550.0 - (number * 0.2 if vix < 20 else 25.0),
                          "positions": 1, "strategies": {"lt112": make_held_row(equity)}})
    return marks


def make_held_row(equity: float) -> dict[str, Any]:
    """What one strategy holds at a mark."""
    return {"positions": 1, "open_usd": round((equity - 65_000.0) / 4.0, 2), "margin": 5_000.0, "spy_delta": 20.0,
            "gamma": -1.5, "vega": -150.0, "theta": 41.0}


def make_log(**overrides: Any) -> dict[str, Any]:
    """What became of one position: two legs in, one rolled, both out."""
    short, long = "SPY 241018P00500.000", "SPY 241018P00495.000"
    fill = dict(time="2024-07-02T10:15:00", contract=short, quantity=-4, price=6.1, fee=4.0, purpose="ENTRY")
    values: dict[str, Any] = dict(
        id="lt112/1",
        entry={"time": "2024-07-02T10:12:00", "vix": 12.4, "underlying_price": 547.3, "probability_otm": 0.8123, "units": 4,
               "risk_usd": 395.0, "margin_usd": 500.0,
               "legs": [{"contract": short, "count": -1, "bid": 6.0, "ask": 6.2, "iv": 0.1712, "delta": -0.1534},
                        {"contract": long, "count": 1, "bid": 5.0, "ask": 5.1, "iv": None, "delta": None}]},
        fills=[fill, fill | {"contract": long, "quantity": 4, "price": 5.05},
               fill | {"time": "2024-08-05T09:46:00", "quantity": 4, "price": 9.3, "purpose": "EXIT"},
               fill | {"time": "2024-08-05T09:46:00", "contract": long, "quantity": -4, "price": 6.99, "purpose": "EXIT"}],
        changes=[{"time": "2024-07-20T11:00:00", "purpose": "MANAGE", "reason": "ROLLED_DOWN", "quantity": 4,
                  "legs": [f"+1 {short}"]},
                 {"time": "2024-08-05T09:45:00", "purpose": "EXIT", "reason": "EMERGENCY", "quantity": 4, "legs": [f"+1 {short}"]}],
        worst={"usd": -640.0, "time": "2024-08-05T09:40:00"}, best={"usd": 118.0, "time": "2024-07-16T12:00:00"})
    return values | overrides


def make_book(**overrides: Any) -> dict[str, Any]:
    """A short put spread of four as it stood at a close."""
    def leg(strike: float, quantity: int, mark: float, iv: float) -> dict[str, Any]:
        contract = {"underlying": "SPY", "expiry": "2024-10-18", "strike": strike, "right": "P", "kind": "equity_option",
                    "multiplier": 100.0, "root": "", "future_expiry": None}
        return {"strategy": "lt112", "position": "lt112/3", "quantity": quantity, "contract": contract, "beta": 1.0,
                "mark": mark, "iv": iv, "price": 530.0}
    return dict(why="last close", time="2024-08-09T16:00:00", spy=530.0,
                legs=[leg(500.0, -4, 6.31, 0.19), leg(495.0, 4, 5.55, 0.195)]) | overrides


def make_orders(**overrides: Any) -> dict[str, Any]:
    """Three entries, two of them filled, by one order each."""
    return dict(strategy="friday_0dte", purpose="ENTRY", intents=3, filled=2, unfilled=1, refused=0, orders=3, contracts=16,
                slippage_usd=22.5, half_spread_usd=50.0, minutes=9.0, longest_minutes=6.0) | overrides


def make_plan(planned: float, payoff: float, least: float, **achieved: Any) -> dict[str, Any]:
    """A strategy's plan and what came of it."""
    done = dict(trades=0, wins=0, losses=0, pnl_usd=0.0, fees_usd=0.0, win_rate=None, profit_factor=None, payoff_ratio=None)
    return {"planned_win_rate": planned, "planned_payoff_ratio": payoff, "min_win_rate": least, "suspended": None,
            "achieved": done | achieved}


def make_report(**overrides: Any) -> dict[str, Any]:
    lt112 = ["-1 SPY 241018P00500.000", "+1 SPY 241018P00495.000"]
    values: dict[str, Any] = dict(
        schema=3, run={"mode": "trade", "strategies": ["friday_0dte", "lt112"], "starting_phase": 3,
                       "start": "2024-07-01", "end": "2024-08-09", "cash": 65_000.0},
        marks=make_marks(), orders=[make_orders(), make_orders(purpose="EXIT", intents=2, filled=2, unfilled=0, orders=5)],
        trades=[
            make_trade(),
            make_trade(id="lt112/1", strategy="lt112", opened="2024-07-02T10:15:00", closed="2024-08-05T09:46:00",
                       legs=lt112, units=4, entry_price=-1.05, exit_price=2.31, pnl_usd=-512.0, exit_reason="EMERGENCY",
                       entry_reason="PUT_SPREAD", forced=True),
            make_trade(id="lt112/2", strategy="lt112", opened="2024-07-09T10:20:00", closed="2024-07-30T11:00:00",
                       legs=lt112, units=3, entry_price=-1.1, exit_price=0.54, pnl_usd=162.0,
                       entry_reason="PUT_SPREAD")],
        open_positions=[{"id": "lt112/3", "strategy": "lt112", "underlying": "SPY", "opened": "2024-08-08T10:00:00",
                         "legs": lt112, "units": 1, "entry_price": -1.2, "state": "ACTIVE",
                         "entry_reason": "PUT_SPREAD", "open_usd": -31.5, "fees_usd": 2.0, "protection": False}],
        positions=[make_log()], books=[make_book(why="eve of the worst day", time="2024-08-02T16:00:00"), make_book()],
        net_flows_usd=0.0,
        refusals={"friday_0dte": {"VIX_BELOW_BAND": 184, "GAP_TOO_LARGE": 1},
                  "lt112": {"WEEK_TAKEN": 2310, "VIX_ABOVE_BAND": 51}},
        refusal_days=[{"date": "2024-07-05", "strategy": "friday_0dte", "code": "VIX_BELOW_BAND", "count": 46,
                       "first": "09:45", "last": "10:30", "facts": {"vix": 12.48, "min": 22.0},
                       "closest": {"value": 13.1, "limit": 22.0, "time": "10:20"}}],
        guards=[{"time": "2024-08-05T09:35:00", "breaker_level": 1, "emergency": "ORANGE",
                 "triggers": ["VIX crossed 35"]}],
        phases=[{"time": "2024-07-01T09:30:00", "phase": 3, "why": "start"}], unbuilt_checks=["CORRELATION"],
        warnings=[{"time": "2024-08-05T10:30:00", "limit_name": "greek_vega", "value": 840.0, "limit": 1000.0}],
        results={"closed": {"day": {"2024-07-30": 162.0, "2024-08-02": 84.0, "2024-08-05": -512.0},
                            "month": {"2024-07": 162.0, "2024-08": -428.0},
                            "strategy": {"friday_0dte": 84.0, "lt112": -350.0}},
                 "account": {"day": {"2024-07-30": 171.5, "2024-08-02": 90.25, "2024-08-05": -640.75},
                             "month": {"2024-07": 171.5, "2024-08": -550.5},
                             "return": {"2024-07-30": 0.0026385, "2024-08-02": 0.0013848, "2024-08-05": -0.0098184},
                             "equity": {"2024-07-30": 65_171.5, "2024-08-02": 65_261.75, "2024-08-05": 64_621.0}}},
        planned={"friday_0dte": make_plan(0.88, 0.25, 0.8, trades=1, wins=1, pnl_usd=84.0, fees_usd=8.0, win_rate=1.0),
                 "lt112": make_plan(0.73, 0.5, 0.65, trades=2, wins=1, losses=1, pnl_usd=-350.0, fees_usd=16.0, win_rate=0.5,
                                    profit_factor=0.3164, payoff_ratio=0.3164)},
        statistics={"trades": 3, "judged": 2, "profit_factor": 0.4817, "pnl_usd": -266.0, "win_rate": 0.666667, "mean_loss_usd": None},
        equity_statistics={"days": 30, "total_return_share": -0.0041, "sharpe": -0.312, "sortino": -0.4,
                           "max_drawdown_share": 0.0441, "value_at_risk_share": 0.0123},
        closest_approach={"demotion": {"value": 61_200.0, "threshold": 55_800.0, "time": "2024-08-05T10:30:00"}})
    return values | overrides


def make_summary(**overrides: Any) -> dict[str, Any]:
    statistics = {"Total Orders": "28", "Average Win": "0.12%", "Average Loss": "-0.61%",
                  "Compounding Annual Return": "4.1%", "Drawdown": "4.4%", "Expectancy": "0.2", "Start Equity": "65000",
                  "End Equity": "64734.00", "Net Profit": "-0.41%", "Sharpe Ratio": "-0.31", "Win Rate": "61%",
                  "Total Fees": "$24.00"}
    return {"statistics": statistics, "runtimeStatistics": {}, "charts": {},
            "state": {"Status": "Completed", "RuntimeError": ""}} | overrides
