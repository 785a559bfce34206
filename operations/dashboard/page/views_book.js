// What stands now: overview, positions, risk.
import {chart, payoff} from "/page/charts.js";
import {NONE, amount, chip, clock, el, facts, hour, limitBar, money, number, plainly, seconds, section, share, short, signed, table, tile, tone, usd, words} from "/page/format.js";
import {body, state} from "/page/link.js";

const NEAR = 6;

export function unread() {
  const problem = Object.values(state.problems).find(Boolean);
  return section("nothing", "Nothing is published yet", el("p", {class: "quiet"}, problem ||
    "The dashboard shows what the algorithm writes into its store: live always, in a backtest with publish=yes."));
}

export const whyButton = (name, what) => el("button", {class: "why", type: "button", "data-why": `${what}=${encodeURIComponent(name)}`}, what === "position" ? "Why?" : "Why not?");

export function overview() {
  const found = body("status");
  if (!found) return [unread()];
  const {account, market, run, phase, value_at_risk: risk} = found, vix = market.vix_reading;
  const performance = body("performance");
  return [
    needs(found),
    el("div", {class: "tiles eight", "data-key": "tiles"},
      tile("Equity", usd(account.equity_usd), `goal ${usd(phase.target_equity_usd)}`),
      tile("Today", signed(account.day_result_usd), share(account.day_result_share, 2), tone(account.day_result_usd)),
      tile("Open positions", signed(account.open_result_usd), `${found.positions.length} open, ${account.entries_today} entries today`, tone(account.open_result_usd)),
      tile("Buying power used", share(account.buying_power_used_share), account.room_usd ? `${usd(account.room_usd.buying_power)} free` : ""),
      tile("Value at risk, 95 %", usd(risk.usd), risk.cannot_compute ?? "a day, by simulation"),
      tile("VIX", number(market.vix?.value, 2), market.vix_refusal?.code ?? (vix ? `${words(vix.regime)}, ${signed(100 * vix.change, 1).replace("$", "")} %` : `seen ${seconds(market.vix?.age_seconds)} ago`)),
      tile("Phase", String(phase.phase), `drawdown ${share(phase.drawdown_share)}`),
      tile("Mode", words(run.mode), run.in_session ? `until ${hour(run.session_close)}` : "market closed")),
    el("div", {class: "pair", "data-key": "pair"}, equity(performance, account, state.documents.status.time), section("near", "What trips next", el("p", {class: "quiet"}, "The limits that are nearest to their end; all of them stand under Risk."),
      el("div", {class: "limits"}, nearest(found.limits).slice(0, NEAR).map(limitBar)))),
    section("working", "Orders at work", orders(found.orders)),
    section("refused", "Why not? Refusals of today", refusals(found.refusals_today, true)),
    section("ahead", "What comes next", table([["Day", row => row.day], ["In", row => row.days === 0 ? "today" : `${row.days} days`, "number"], ["What", row => row.what],
      ["Position", row => row.position || NONE, "code"], ["Underlying", row => row.underlying || NONE]], found.ahead, "Nothing is dated.", {label: "dates ahead", tall: true})),
    section("strategies", "Strategies", strategies(found.strategies)),
    section("recent", "Last decisions", events([...found.recent].reverse())),
  ];
}

export const nearest = limits => limits.filter(row => row.used_share !== null).sort((a, b) => b.used_share - a.used_share);

export function needs(found) {
  if (!found.needs_owner.length) return el("p", {class: "verdict", id: "needs", "data-key": "needs"}, "Nothing waits for you.");
  return el("section", {id: "needs", class: "needs", "data-key": "needs"}, el("h2", {}, "Waits for you"), el("ul", {}, found.needs_owner.map(row =>
    el("li", {"data-key": row.code + row.text}, chip(words(row.code), "bad"), " ", row.text, " ", row.command
      ? el("button", {type: "button", "data-command": row.command, class: "why"}, words(row.command) + " …") : null))));
}

function equity(performance, account, time) {
  const marks = [...(performance?.equity_marks ?? [])];
  if (marks.length < 2) return null;
  const today = time.slice(0, 10);
  if (account.equity_usd !== null && marks.at(-1)[0] < today) marks.push([today, account.equity_usd]);
  const x = marks.map(([day]) => Date.parse(day + "T00:00:00Z") / 1000), values = marks.map(([, value]) => value);
  return section("equity", "Equity", chart("equity", "Equity by day, and now", {time: true, height: 330, unit: "usd", x, series: [{label: "Equity", values, colour: "var(--accent)"}]}),
    el("p", {class: "quiet"}, `Now ${usd(account.equity_usd)}.`));
}

export function orders(rows) {
  return table([["Position", row => row.position, "code"], ["Purpose", row => words(row.purpose)], ["Reason", row => row.reason, "wide"], ["State", row => chip(words(row.state), ["FAILED", "UNKNOWN", "STUCK"].includes(row.state) ? "bad" : "")],
    ["Filled", row => `${row.units_filled} of ${row.quantity}`, "number"], ["Limit", row => short(row.limit), "number"], ["Mid", row => short(row.mid), "number"],
    ["Natural", row => short(row.natural), "number"], ["Walked", row => share(row.walked_share, 0), "number"], ["Age", row => seconds(row.age_seconds), "number"]],
  rows, "No order is at work.", {key: row => row.intent, label: "orders at work"});
}

export function refusals(rows, meaning) {
  return table([["Strategy", row => words(row.strategy)], ["Refused for", row => row.code, "code"], ...(meaning ? [["Meaning", row => row.meaning, "wide"]] : [["Day", row => row.date, "nowrap"]]),
    ["Times", row => number(row.count, 0), "number"], ["Last", row => row.last, "number"], ["Facts of the last", row => facts(row.facts), "wide"],
    ["Nearest", row => row.closest ? `${short(row.closest.value)} of ${short(row.closest.limit)} at ${row.closest.time}` : NONE],
    ["", row => whyButton(row.strategy, "strategy")]], rows, meaning ? "Nothing was refused today." : "Nothing was refused.", {key: row => row.date + row.strategy + row.code, label: "refusals", tall: true});
}

function strategies(rows) {
  return table([["Strategy", row => words(row.name)], ["On", row => row.on ? "yes" : chip("off")], ["Open", row => number(row.open, 0), "number"],
    ["State", row => row.in_error ? chip("in error", "bad") : row.suspended ? chip(words(row.suspended), "bad") : row.pending ? chip("pending: " + plainly(row.pending)) : row.protection ? "protection" : "ready"],
    ["Unfilled today", row => number(row.unfilled_today, 0), "number"], ["", row => whyButton(row.name, "strategy")]], rows, "No strategy is known.", {key: row => row.name, label: "strategies"});
}

export function events(rows) {
  return table([["Time", row => clock(row.time), "nowrap number"], ["Event", row => chip(words(row.event), row.severity === "error" ? "bad" : row.severity === "warning" ? "warn" : "")], ["Facts", row => facts(row.facts), "wide"]],
    rows, "Nothing has happened.", {label: "events", tall: true});
}

// --- positions

export function positions() {
  const found = body("status");
  if (!found) return [unread()];
  const total = found.account.greeks;
  return [
    section("open", "Open positions", el("p", {class: "quiet"}, total
      ? `The book: ${number(total.spy_delta, 0)} SPY deltas, gamma ${number(total.gamma, 2)}, vega ${usd(total.vega)} a point, theta ${usd(total.theta)} a day.`
      : "The book's Greeks cannot be computed: " + plainly(found.account.greeks_missing)),
    found.positions.length ? found.positions.map(position) : el("p", {class: "quiet"}, found.account.unvalued ? "The account cannot be valued: " + found.account.unvalued : "Nothing is open.")),
    section("working", "Orders at work", orders(found.orders)),
  ];
}

function position(row) {
  return el("details", {class: "held", "data-key": row.id},
    el("summary", {}, el("b", {}, words(row.strategy)), el("span", {class: "code"}, row.id), el("span", {}, row.underlying), el("span", {}, chip(words(row.state), ["ERROR", "RECOVERY"].includes(row.state) ? "bad" : "")),
      el("span", {class: "number"}, money(row.pnl_usd)), el("span", {class: "number soft"}, "today ", money(row.pnl_today_usd))),
    el("div", {class: "inside"},
      el("div", {class: "columns"}, el("dl", {}, pairs([["Opened", clock(row.opened)], ["Units", number(row.units, 0)], ["Entry price", number(row.entry_price, 2)], ["Spot", number(row.spot, 2)],
        ["Loses at most", usd(row.max_loss_usd)], ["Margin at entry", usd(row.entry_margin_usd)], ["Fees", usd(row.fees_usd, 2)], ["21-DTE exit", row.defensive_exit_on ?? NONE], ["Expiries", row.expiries.join(", ")]])),
      el("dl", {}, pairs([["SPY delta", number(row.greeks?.spy_delta, 1)], ["Gamma", number(row.greeks?.gamma, 3)], ["Vega a point", usd(row.greeks?.vega, 1)], ["Theta a day", usd(row.greeks?.theta, 1)],
        ...Object.entries(row.reasons).map(([name, why]) => [words(name), why])]))),
      row.loss_limit_usd ? limitBar({name: "loss of this position", group: row.id, value: row.loss_usd, limit: row.loss_limit_usd, unit: "usd", used_share: row.loss_usd / row.loss_limit_usd,
        to_trip: row.loss_limit_usd - row.loss_usd, trips: "it is closed"}) : null,
      curve(row), legs(row), el("p", {}, whyButton(row.id, "position"))));
}

export const pairs = rows => rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);

function curve(row) {
  const found = payoff(row);
  if (!found) return el("p", {class: "quiet"}, "Its payoff cannot be drawn: a leg has no volatility, or the underlying no price.");
  return chart("payoff " + row.id, `Payoff of ${row.id}`, {height: 230, unit: "usd", xname: row.underlying, x: found.x, marks: [{x: found.spot, label: `now ${number(found.spot, 2)}`}, ...found.strikes.map(strike => ({x: strike, label: number(strike, strike % 1 ? 2 : 0)}))],
    series: [{label: "At first expiry", values: found.expiry, colour: "var(--accent)", fill: "var(--fill)"}, ...(found.now ? [{label: "Now", values: found.now, colour: "var(--s1)", dash: [6, 4]}] : [])]});
}

function legs(row) {
  return table([["Leg", leg => leg.contract, "code nowrap"], ["Held", leg => (leg.quantity > 0 ? "+" : "−") + Math.abs(leg.quantity), "number"], ["Bid", leg => number(leg.bid, 2), "number"], ["Ask", leg => number(leg.ask, 2), "number"],
    ["Mid", leg => leg.fault ? chip(words(leg.fault), "bad") : number(leg.mid, 3), "number"], ["Quote's age", leg => seconds(leg.quote_age_seconds), "number"], ["Paid", leg => number(leg.average_price, 3), "number"], ["DTE", leg => number(leg.dte, 0), "number"],
    ["IV", leg => share(leg.iv), "number"], ["Delta", leg => number(leg.delta, 3), "number"], ["Gamma", leg => number(leg.gamma, 4), "number"], ["Vega", leg => number(leg.vega, 3), "number"], ["Theta", leg => number(leg.theta, 3), "number"]],
  row.legs, "It has no legs.", {key: leg => leg.contract, label: `legs of ${row.id}`});
}

// --- risk

const GROUPS = {emergency: "Emergency levels", breakers: "Circuit breakers", greeks: "Greeks and buying power", concentration: "Concentration", day: "Counts"};

export function risk() {
  const found = body("status");
  if (!found) return [unread()];
  return [
    el("p", {class: "verdict", "data-key": "next"}, sentence(nearest(found.limits))),
    ...Object.entries(GROUPS).map(([group, title]) => {
      const rows = found.limits.filter(row => row.group === group).sort((a, b) => (b.used_share ?? -1) - (a.used_share ?? -1));
      return section("risk-" + group, title, rows.length ? el("div", {class: "limits"}, rows.map(limitBar)) : el("p", {class: "quiet"}, "Not measured yet."));
    }),
    section("steps", "Levels of the breakers", table([["Breaker", row => words(row.name)], ["Second level", row => step(row, row.second), "number"], ["Third level", row => step(row, row.third), "number"]],
      found.breaker_steps, "Not known while the account cannot be valued.", {label: "levels of the breakers"})),
    section("var", "Value at risk and correlation", el("dl", {}, pairs([["Value at risk, a day, 95 %, by simulation", found.value_at_risk.cannot_compute ?? usd(found.value_at_risk.usd)],
      ["By the account's own history", share(body("performance")?.equity.value_at_risk_share, 2)], ["Mean correlation", found.guards.correlation.value === null ? `${words(found.guards.correlation.note)}: ${found.guards.correlation.marks} marks` : number(found.guards.correlation.value, 2)],
      ["Size multiplier of the breakers", number(found.guards.size_multiplier, 2)], ["Guards that cannot judge", found.guards.blind ?? "none"]]))),
  ];
}

function sentence(limits) {
  const past = limits.filter(row => row.used_share >= 1), next = limits.find(row => row.used_share < 1);
  return [past.length ? `At or past its limit: ${past.map(row => words(row.name)).join(", ")}.` : "", next ? `Next: ${words(next.name)}, ${share(next.used_share, 0)} used, ${amount(next.to_trip, next.unit)} to go${next.trips ? "; then " + next.trips : ""}.`
    : "No limit has been measured yet."].filter(Boolean).join(" ");
}

const step = (row, value) => value === null ? NONE : row.name === "streak" ? number(value, 0) : row.name === "correlation" ? number(value, 2) : share(value);
