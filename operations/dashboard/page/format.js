// Numbers, times and elements. Everything that was published becomes text, never markup.

export const NONE = "–";
const plain = (value, digits) => value.toLocaleString("en-US", {minimumFractionDigits: digits, maximumFractionDigits: digits});
const known = value => typeof value === "number" && Number.isFinite(value);

export const usd = (value, digits = 0) => known(value) ? (value < 0 ? "−$" : "$") + plain(Math.abs(value), digits) : NONE;
export const signed = (value, digits = 0) => known(value) ? (value > 0 ? "+" : "") + usd(value, digits) : NONE;
export const number = (value, digits = 2) => known(value) ? plain(value, digits).replace("-", "−") : NONE;
export const short = value => known(value) ? number(value, Number.isInteger(value) ? 0 : Math.abs(value) >= 100 ? 0 : 2) : NONE;
export const share = (value, digits = 1) => known(value) ? number(100 * value, digits) + " %" : NONE;
export const tone = value => !known(value) || value === 0 ? "" : value > 0 ? "up" : "down";
export const words = text => String(text).replaceAll("_", " ");
export const clock = text => text ? String(text).slice(0, 16).replace("T", " ") : NONE;
export const hour = text => text ? String(text).slice(11, 16) : NONE;

export function seconds(value) {
  if (!known(value)) return NONE;
  if (value < 10) return plain(value, 1) + " s";
  if (value < 120) return plain(value, 0) + " s";
  if (value < 7200) return plain(value / 60, 0) + " min";
  return value < 172800 ? plain(value / 3600, 1) + " h" : plain(value / 86400, 1) + " days";
}

// In the unit of a limit's bar, as the schema names it.
export function amount(value, unit) {
  if (unit === "share") return share(value);
  if (unit === "usd") return usd(value);
  if (unit === "count") return number(value, 0);
  return number(value, 2);
}

// An element with attributes and children; strings become text.
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) throw new Error("listeners are added in app.js");
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.flat(3).filter(child => child !== null && child !== undefined && child !== false));
  return made;
}

// Facts as a list of names and values, one level deep.
export function facts(found) {
  const rows = Object.entries(found || {}).filter(([, value]) => value !== null && value !== "" && !(Array.isArray(value) && !value.length));
  if (!rows.length) return el("span", {class: "soft"}, NONE);
  return el("ul", {class: "facts"}, rows.map(([name, value]) => el("li", {}, el("span", {class: "soft"}, words(name) + " "), plainly(value))));
}

export function plainly(value) {
  if (value === null || value === undefined) return NONE;
  if (known(value)) return short(value);
  if (Array.isArray(value)) return value.map(plainly).join(", ");
  if (typeof value === "object") return Object.entries(value).map(([name, one]) => `${words(name)} ${plainly(one)}`).join(", ");
  return String(value);
}

// A table: columns are [title, cell of a row, class]. Without rows, the sentence.
export function table(columns, rows, none, options = {}) {
  if (!rows.length) return el("p", {class: "quiet"}, none);
  const head = el("tr", {}, columns.map(([title, , kind]) => el("th", {class: kind, scope: "col"}, title)));
  const body = rows.map(row => el("tr", {"data-key": options.key ? options.key(row) : null},
    columns.map(([title, cell, kind]) => el("td", {class: kind, "data-title": title}, cell(row)))));
  return el("div", {class: "scroll" + (options.tall ? " tall" : ""), tabindex: "0", role: "region", "aria-label": options.label || "table"},
    el("table", {}, el("thead", {}, head), el("tbody", {}, body)));
}

export const money = (value, digits = 0) => el("span", {class: tone(value)}, signed(value, digits));
export const tile = (name, value, note, kind = "") => el("div", {class: "tile"}, el("span", {}, name), el("b", {class: kind}, value),
  note ? el("small", {}, note) : null);
export const section = (id, title, ...children) => el("section", {id, "aria-labelledby": id + "-title"},
  el("h2", {id: id + "-title"}, title), ...children);
export const chip = (text, kind = "") => el("span", {class: "tag " + kind}, text);

// A limit as a bar: used, allowed, what is missing and what then happens.
export function limitBar(row) {
  const used = row.used_share, width = Math.max(0, Math.min(1, used ?? 0));
  const kind = used === null ? "unknown" : used >= 1 ? "full" : used >= 0.8 ? "near" : "fine";
  return el("div", {class: "limit " + kind, "data-key": row.group + row.name},
    el("div", {class: "limit-head"}, el("b", {}, words(row.name).replace("greek ", "")),
      el("span", {}, `${amount(row.value, row.unit)} of ${amount(row.limit, row.unit)}`)),
    el("meter", {min: 0, max: 1, low: 0.8, high: 0.999, optimum: 0, value: width, "aria-label": `${words(row.name)}: ${share(used, 0)} used`}),
    el("div", {class: "limit-foot"}, el("span", {}, `${used !== null && used < 0 ? "nothing used" : share(used, 0) + " used"} · ${row.to_trip < 0 ? "past it by " + amount(-row.to_trip, row.unit)
      : amount(row.to_trip, row.unit) + " to go"}`), el("span", {}, row.trips ? "then: " + row.trips : "")));
}
