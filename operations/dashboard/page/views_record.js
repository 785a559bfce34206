// What has happened: performance, trades, emergencies, the audit trail.
import {chart} from "/page/charts.js";
import {NONE, chip, clock, el, facts, limitBar, money, number, plainly, seconds, section, share, signed, table, tile, tone, usd, words} from "/page/format.js";
import {body} from "/page/link.js";
import {events, needs, pairs, refusals, unread, whyButton} from "/page/views_book.js";

const day = text => Date.parse(text + "T00:00:00Z") / 1000;

export function performance() {
  const found = body("performance"), status = body("status");
  if (!found || !status) return [unread()];
  const {trades, equity} = found, run = status.run, delay = run.decision_to_order_seconds;
  const days = Object.entries(found.account_by_day), x = days.map(([name]) => day(name)), made = days.map(([, value]) => value);
  const refused = (body("trades")?.refusals ?? []).reduce((sum, row) => sum + row.count, 0);
  return [
    el("div", {class: "tiles twelve", "data-key": "tiles"},
      tile("Total return", share(equity.total_return_share, 2), `${equity.days} days`, tone(equity.total_return_share)),
      tile("Win rate", share(trades.win_rate), `${trades.wins} won, ${trades.losses} lost`),
      tile("Closed trades", signed(trades.pnl_usd), `${trades.trades} trades, ${trades.forced} forced`, tone(trades.pnl_usd)),
      tile("Profit factor", number(trades.profit_factor, 2), `payoff ratio ${number(trades.payoff_ratio, 2)}`),
      tile("Sharpe", number(equity.sharpe, 2), `Sortino ${number(equity.sortino, 2)}`),
      tile("Worst drawdown", share(equity.max_drawdown_share), `now ${share(found.phase.drawdown_share)}`),
      tile("VaR 95 %, history", share(equity.value_at_risk_share, 2), "of the account, a day"),
      tile("VaR 95 %, the book", usd(status.value_at_risk.usd), status.value_at_risk.cannot_compute ?? "by simulation, a day"),
      tile("Refusals", number(refused, 0), "as far back as is kept"),
      tile("Errors", number(run.errors, 0), `${run.warnings} warnings`, run.errors ? "down" : ""),
      tile("Decision to order", delay.median === null ? NONE : number(1000 * delay.median, 0) + " ms", delay.worst === null ? "no order yet" : `worst ${number(1000 * delay.worst, 0)} ms of ${delay.orders}`),
      tile("Up for", seconds(run.uptime_seconds), `${run.minutes_seen_today} of ${run.minutes_of_session} minutes today`)),
    curves(found),
    days.length ? section("by-day", "Result by day", chart("days", "Result by day", {time: true, height: 200, unit: "usd", x, series: [{label: "Gain", values: made.map(value => value >= 0 ? value : null), colour: "var(--up)", kind: "bars"},
      {label: "Loss", values: made.map(value => value < 0 ? value : null), colour: "var(--down)", kind: "bars"}]})) : null,
    section("by-month", "Result by month", table([["Month", row => row[0]], ["The account", row => money(row[1]), "number"], ["Trades closed in it", row => money(found.pnl_by_month[row[0]]), "number"]],
      Object.entries(found.account_by_month).reverse(), "No month has been marked yet.", {key: row => row[0], label: "result by month", tall: true})),
    section("by-strategy", "Result by strategy", el("p", {class: "quiet"}, "Planned is what sizing assumes until enough trades of its own have closed; below its least win rate a strategy is suspended."),
      table([["Strategy", row => words(row[0])], ["Result", row => money(row[1].achieved.pnl_usd), "number"], ["Trades", row => number(row[1].achieved.trades, 0), "number"], ["Win rate", row => share(row[1].achieved.win_rate), "number"],
        ["Planned", row => share(row[1].planned_win_rate, 0), "number"], ["Least", row => share(row[1].min_win_rate, 0), "number"], ["Payoff ratio", row => number(row[1].achieved.payoff_ratio, 2), "number"], ["Planned", row => number(row[1].planned_payoff_ratio, 2), "number"],
        ["Mean win", row => usd(row[1].achieved.mean_win_usd), "number"], ["Mean loss", row => usd(row[1].achieved.mean_loss_usd), "number"], ["Fees", row => usd(row[1].achieved.fees_usd, 2), "number"], ["", row => row[1].suspended ? chip(words(row[1].suspended), "bad") : ""]],
      Object.entries(found.planned_and_achieved), "No strategy is known.", {key: row => row[0], label: "result by strategy"})),
    section("by-order", "Orders: what the market took", table([["Strategy", row => words(row.strategy)], ["Purpose", row => words(row.purpose)], ["Intents", row => number(row.intents, 0), "number"], ["Filled", row => number(row.filled, 0), "number"], ["Unfilled", row => number(row.unfilled, 0), "number"],
      ["Refused", row => number(row.refused, 0), "number"], ["Orders", row => number(row.orders, 0), "number"], ["Slippage", row => usd(row.slippage_usd, 2), "number"], ["Half spread", row => usd(row.half_spread_usd, 2), "number"], ["Longest", row => number(row.longest_minutes, 0) + " min", "number"]],
    found.orders, "No order has ended yet.", {key: row => row.strategy + row.purpose, label: "orders"})),
    section("phase", "The way up", table([["For the next phase", row => words(row.name) + (row.of ? " of " + words(row.of) : "")], ["Now", row => plainly(row.value), "number"], ["Needed", row => plainly(row.needed), "number"], ["", row => row.met ? "met" : chip("not yet")]],
      status.phase.next, "This is the last phase.", {key: row => row.name + row.of, label: "criteria of the next phase"})),
  ];
}

function curves(found) {
  const marks = found.equity_marks;
  if (marks.length < 2) return section("curve", "Equity and drawdown", el("p", {class: "quiet"}, "Drawn once two sessions have been marked."));
  const x = marks.map(([name]) => day(name)), values = marks.map(([, value]) => value);
  let peak = -Infinity;
  const falls = values.map(value => { peak = Math.max(peak, value); return value / peak - 1; });
  return section("curve", "Equity and drawdown", chart("performance equity", "Equity by day", {time: true, height: 240, unit: "usd", x, series: [{label: "Equity", values, colour: "var(--accent)"}]}),
    chart("performance drawdown", "Drawdown from the highest so far", {time: true, height: 130, unit: "share", ceiling: true, x, series: [{label: "Drawdown", values: falls, colour: "var(--down)", fill: "var(--fallfill)"}]}));
}

export function trades() {
  const found = body("trades");
  if (!found) return [unread()];
  return [
    section("closed", "Closed trades", el("p", {class: "quiet"}, found.trades_left_out ? `The newest; ${found.trades_left_out} older ones are in the audit trail.` : "All of them, the newest first."), table([
      ["Closed", row => clock(row.closed), "nowrap number"], ["Strategy", row => words(row.strategy)], ["Position", row => row.id, "code"], ["Units", row => number(row.units, 0), "number"],
      ["Result", row => row.result_known ? money(row.pnl_usd, 2) : chip("not known", "bad"), "number"], ["In", row => number(row.entry_price, 2), "number"], ["Out", row => number(row.exit_price, 2), "number"],
      ["Opened for", row => row.entry_reason, "wide"], ["Closed for", row => el("span", {}, words(row.exit_reason), " ", row.forced ? chip("forced", "warn") : null, row.protection ? chip("protection") : null), "wide"],
      ["", row => whyButton(row.id, "position")]],
    found.trades, "No trade has been closed yet.", {key: row => row.id, label: "closed trades", tall: true})),
    section("refusals", "Why not? Refusals by day", el("p", {class: "quiet"}, "One row a day, strategy and code; docs/refusal-codes.md says what each means."), refusals(found.refusals, false)),
  ];
}

export function emergencies(found) {
  const status = body("status");
  if (!status) return [unread()];
  const {guards, limits} = status, level = guards.emergency;
  return [
    needs(status),
    el("ol", {class: "ladder", "data-key": "ladder", "aria-label": "Emergency level"}, ["NONE", "YELLOW", "ORANGE", "RED"].map(name =>
      el("li", {class: name.toLowerCase() + (name === level ? " here" : ""), "aria-current": name === level ? "true" : null}, name === "NONE" ? "no emergency" : name))),
    section("guards", "The guards", el("dl", {}, pairs([["Emergency", level === "NONE" ? "none" : `${level} since ${clock(guards.emergency_since)}`], ["For", guards.triggers.map(words).join(", ") || NONE], ["Breaker level", number(guards.breaker_level, 0)],
      ["Breakers tripped", guards.breaker_trips.map(words).join(", ") || "none"], ["Locked until", clock(guards.locked_until)], ["Entries halted", guards.halted ? plainly(guards.halted) : "no"], ["Halted by you", guards.operator_halt ?? "no"],
      ["Closing", Object.entries(guards.closing).map(([name, why]) => `${words(name)} (${words(why)})`).join(", ") || "nothing"], ["Quarantined", guards.quarantined.join(", ") || "nothing"], ["Cannot judge", [guards.blind, ...guards.emergency_blind].filter(Boolean).join(", ") || "nothing"],
      ["Size multiplier", number(guards.size_multiplier, 2)]]))),
    section("levels", "What would trip", el("div", {class: "limits"}, limits.filter(row => ["emergency", "breakers"].includes(row.group)).sort((a, b) => (b.used_share ?? -1) - (a.used_share ?? -1)).map(limitBar))),
    section("led", "What led here", found.problem ? el("p", {class: "problem"}, found.problem) : events(found.events ?? [])),
  ];
}

export function audit(found) {
  return [
    section("search", "Audit trail", el("form", {id: "audit-form", class: "row"},
      el("label", {}, "Words ", el("input", {name: "words", type: "search", id: "audit-words", maxlength: 200, value: found.words, "data-typed": true})),
      el("label", {}, "Event ", el("input", {name: "event", list: "audit-events", maxlength: 60, value: found.event, "data-typed": true})),
      el("label", {}, "Day ", el("input", {name: "day", inputmode: "numeric", pattern: "[0-9]{0,8}", placeholder: "20240805", maxlength: 8, size: 9, value: found.day, "data-typed": true})),
      el("button", {type: "submit", class: "strong"}, "Search"),
      el("datalist", {id: "audit-events"}, [...new Set((found.rows ?? []).map(row => row.event))].sort().map(name => el("option", {value: name})))),
    found.problem ? el("p", {class: "problem"}, found.problem) : events(found.rows ?? []),
    found.more ? el("button", {type: "button", "data-older": true}, "Older ones") : el("p", {class: "quiet"}, `${(found.rows ?? []).length} rows; that is all there are.`)),
  ];
}

// --- why, and why not

export function story(found) {
  const parts = [];
  if (found.trade) parts.push(el("h3", {}, "The trade"), facts(found.trade));
  if (found.position) parts.push(el("h3", {}, "Reasons"), facts(found.position.reasons));
  if (found.strategy) parts.push(el("p", {}, `${words(found.strategy.name)} is ${found.strategy.on ? "on" : "off"}, ${found.strategy.open} open${found.strategy.suspended ? ", suspended: " + words(found.strategy.suspended) : ""}.`));
  if (found.guards?.halted) parts.push(el("p", {}, "Entries are halted: " + plainly(found.guards.halted)));
  if (found.refusals_today) parts.push(el("h3", {}, "Today"), refusals(found.refusals_today, true), el("h3", {}, "Days before"), refusals(found.refusals, false));
  if (found.events) parts.push(el("h3", {}, "Its events, oldest first"), events(found.events), found.more ? el("p", {class: "quiet"}, "There are more: search the audit trail for its name.") : null);
  return parts.filter(Boolean);
}
