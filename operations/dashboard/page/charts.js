// Charts by uPlot, the report's library. A view asks for one by a key; it lives on while the view is drawn anew.
import {el, number, share, usd} from "/page/format.js";

const units = {usd: value => usd(value), share: value => share(value, 2), num: value => number(value, 2)};
const compact = {usd: value => Math.abs(value) >= 10000 ? usd(value / 1000, value % 1000 ? 1 : 0) + "k" : usd(value), share: value => share(value, 1), num: value => number(value, value % 1 ? 1 : 0)};
const wanted = new Map(), drawn = new Map();
const css = value => value.startsWith("var(") ? getComputedStyle(document.documentElement).getPropertyValue(value.slice(4, -1)).trim() : value;

// A place for the chart; spec: {x, series: [{label, values, colour, kind, fill, dash}], unit, time, xname, height, marks: [{x, label}]}
export function chart(key, title, spec) {
  wanted.set(key, spec);
  return el("div", {class: "chart", "data-live": key, "data-key": key, role: "img", "aria-label": `${title}. ${lastOf(spec)}`});
}

function lastOf(spec) {
  return spec.series.map(one => {
    const values = one.values.filter(value => value !== null);
    return values.length ? `${one.label}: from ${units[spec.unit](Math.min(...values))} to ${units[spec.unit](Math.max(...values))}` : "";
  }).filter(Boolean).join("; ");
}

export function drawCharts(root) {
  for (const [key, u] of drawn) if (!u.root.isConnected) { u.destroy(); drawn.delete(key); }
  for (const place of root.querySelectorAll("[data-live]")) {
    const key = place.dataset.live, spec = wanted.get(key);
    if (!spec || !place.clientWidth) continue;
    const shape = JSON.stringify([spec.series.map(one => [one.label, one.kind, one.colour]), spec.unit, spec.height]);
    let u = drawn.get(key);
    if (u && (u.root.parentElement !== place || u.shape !== shape)) { u.destroy(); drawn.delete(key); u = null; }
    const data = [spec.x, ...spec.series.map(one => one.values)];
    if (!u) {
      u = new uPlot(options(key, spec, place), data, place);
      u.shape = shape;
      drawn.set(key, u);
    } else {
      if (u.width !== place.clientWidth) u.setSize({width: place.clientWidth, height: spec.height});
      const text = JSON.stringify([data, spec.marks]);
      if (u.text !== text) { u.text = text; u.setData(data); }
    }
  }
}

export function redraw(root) {
  for (const u of drawn.values()) u.destroy();
  drawn.clear();
  drawCharts(root);
}

function options(key, spec, place) {
  const ink = css("var(--soft)"), grid = {stroke: css("var(--grid)"), width: 1}, font = "12px system-ui, -apple-system, 'Segoe UI', sans-serif";
  const day = value => new Date(value * 1000).toISOString().slice(0, 10);
  const narrow = place.clientWidth < 480;
  return {
    width: place.clientWidth, height: spec.height, tzDate: value => uPlot.tzDate(new Date(value * 1000), "Etc/UTC"),
    scales: {x: {time: Boolean(spec.time)}, y: {range: (u, low, high) => {
      if (low === null) return [0, 1];
      if (spec.floor) low = Math.min(low, 0);
      if (spec.ceiling) high = Math.max(high, 0);
      const pad = (high - low || Math.abs(high) || 1) * 0.08;
      return [spec.floor && low === 0 ? 0 : low - pad, spec.ceiling && high === 0 ? 0 : high + pad * (spec.marks ? 4 : 1)];
    }}},
    cursor: {drag: {x: true, y: false, dist: 6}},
    axes: [{stroke: ink, grid, ticks: grid, font, space: narrow ? 70 : 60, values: spec.time ? dates : (u, all) => all.map(value => number(value, value % 1 ? 1 : 0))},
      {stroke: ink, grid, ticks: grid, font, size: 62, values: (u, all) => all.map(compact[spec.unit])}],
    legend: {live: true},
    series: [{label: spec.time ? "Day" : spec.xname, value: (u, value) => value == null ? "–" : spec.time ? day(value) : number(value, 2)},
      ...spec.series.map(one => {
        const bars = one.kind === "bars";
        return {label: one.label, stroke: bars ? undefined : css(one.colour), fill: bars ? css(one.colour) : one.fill ? css(one.fill) : undefined, width: 1.8,
          dash: one.dash, points: {show: one.values.length === 1}, fillTo: one.fill || bars ? 0 : undefined, paths: bars ? uPlot.paths.bars({size: [0.8, 42]}) : undefined,
          value: (u, value) => value == null ? "–" : units[spec.unit](value)};
      })],
    hooks: {draw: [u => lines(u, wanted.get(key) ?? spec)], setCursor: [resting], setData: [resting], ready: [resting]},
  };
}

// Without a pointer the legend shows the last values.
function resting(u) {
  if (u.cursor.idx == null && u.data[0].length) u.setLegend({idx: u.data[0].length - 1}, false);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
// Days and months; the year where it begins. A step below a day repeats none.
function dates(u, splits, axis, space, step) {
  let year = null;
  return splits.map(value => {
    const at = new Date(value * 1000), begins = at.getUTCFullYear() !== year;
    if (step < 86400 && value % 86400) return "";
    year = at.getUTCFullYear();
    return (step < 28 * 86400 ? at.getUTCDate() + " " : "") + MONTHS[at.getUTCMonth()] + (begins ? "\n" + year : "");
  });
}

// The zero line, and marks along x with their names.
function lines(u, spec) {
  const {ctx} = u, {left, top, width, height} = u.bbox, ratio = devicePixelRatio, scale = u.scales.y;
  ctx.save();
  ctx.strokeStyle = css("var(--neutral)");
  ctx.lineWidth = ratio;
  ctx.setLineDash([]);
  if (scale.min < 0 && scale.max > 0) {
    const y = Math.round(u.valToPos(0, "y", true));
    ctx.beginPath(); ctx.moveTo(left, y); ctx.lineTo(left + width, y); ctx.stroke();
  }
  ctx.font = 12 * ratio + "px system-ui, sans-serif";
  ctx.textAlign = "center";
  (spec.marks ?? []).forEach((mark, place) => {
    const x = Math.round(u.valToPos(mark.x, "x", true));
    if (x < left || x > left + width) return;
    ctx.setLineDash([3 * ratio, 4 * ratio]);
    ctx.beginPath(); ctx.moveTo(x, top); ctx.lineTo(x, top + height); ctx.stroke();
    ctx.setLineDash([]);
    ctx.lineWidth = 4 * ratio; ctx.strokeStyle = css("var(--card)"); ctx.fillStyle = css("var(--ink)");
    const y = top + (14 + 16 * (place % 3)) * ratio, at = Math.max(left + 40 * ratio, Math.min(left + width - 40 * ratio, x));
    ctx.strokeText(mark.label, at, y); ctx.fillText(mark.label, at, y);
    ctx.lineWidth = ratio; ctx.strokeStyle = css("var(--neutral)");
  });
  ctx.restore();
}

// --- what a position is worth over the price of its underlying

function normal(x) {       // Abramowitz and Stegun 7.1.26: within 1.5e-7
  const t = 1 / (1 + 0.3275911 * Math.abs(x) / Math.SQRT2);
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-x * x / 2);
  return x > 0 ? 1 - tail / 2 : tail / 2;
}

function value(leg, spot, years) {
  if (leg.kind === "equity") return spot;
  const side = leg.right === "C" ? 1 : -1, inner = Math.max(0, side * (spot - leg.strike));
  if (years <= 1e-9) return inner;
  const deviation = leg.iv * Math.sqrt(years), now = spot * Math.exp(-leg.dividend_yield * years), later = leg.strike * Math.exp(-leg.rate * years);
  const d1 = Math.log(now / later) / deviation + deviation / 2;
  return Math.max(inner * Math.exp(-leg.rate * years), side * (now * normal(side * d1) - later * normal(side * (d1 - deviation))));
}

// Profit at the first expiry and now, USD; null where a leg has no volatility or the underlying no price.
export function payoff(position) {
  const legs = position.legs, options = legs.filter(leg => leg.kind !== "equity"), spot = position.spot;
  if (!spot || !options.length || options.some(leg => leg.iv === null || leg.years === null)) return null;
  const first = Math.min(...options.map(leg => leg.years)), strikes = options.map(leg => leg.strike);
  const reach = Math.max(0.06 * spot, 1.5 * Math.max(...strikes.map(strike => Math.abs(strike - spot))));
  const low = Math.max(0.01, spot - reach), x = [...new Set([...Array.from({length: 161}, (_, step) => low + (spot + reach - low) * step / 160), ...strikes])].sort((a, b) => a - b);
  const worth = (price, years) => legs.reduce((sum, leg) => sum + leg.quantity * leg.multiplier * value(leg, price, Math.max(0, (leg.years ?? 0) - years)), 0);
  const here = worth(spot, 0);
  return {x, spot, strikes: [...new Set(strikes)], expiry: x.map(price => position.cash_flow_usd + worth(price, first)),
    now: position.pnl_usd === null ? null : x.map(price => position.pnl_usd + worth(price, 0) - here)};
}
