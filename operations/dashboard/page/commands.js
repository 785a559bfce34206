// What is sent: each command with an id; what is dangerous asks for its word to be typed.
import {NONE, chip, clock, el, plainly, section, table, words} from "/page/format.js";
import {body, send, state} from "/page/link.js";
import {needs, unread} from "/page/views_book.js";

// What each does, as the API describes it; the word that must be typed ("" where none is needed).
const COMMANDS = {
  halt: ["Halt entries", "No entries until you resume. Exits go on.", ""],
  resume: ["Resume", "End the halt, levels and suspensions, of all or of one strategy.", "RESUME"],
  flatten: ["Flatten", "Close the positions of one strategy, or of all but bought protection.", "FLATTEN"],
  liquidate: ["Liquidate", "Close everything, protection too, and halt.", "LIQUIDATE"],
  accept: ["Accept", "Holdings that are not the framework's are meant to be there.", "ACCEPT"],
  emergency: ["Emergency", "Halt, and close everything but bought protection.", "EMERGENCY"],
  result: ["Result", "Tell what a trade made that was closed elsewhere.", "RESULT"],
};
const OF_A_STRATEGY = ["resume", "flatten"];
const WORST = ["liquidate", "emergency"];

export function commands() {
  const found = body("status");
  if (!found) return [unread(), sent()];
  const halted = Boolean(found.guards.operator_halt), may = state.session?.can_send;
  return [
    needs(found),
    section("automation", "Automation", el("p", {}, halted ? chip("entries are halted", "bad") : chip("entries are allowed", "good"), " ",
      halted ? `By you: ${found.guards.operator_halt}.` : found.guards.halted ? "By a guard: " + plainly(found.guards.halted) : "Every entry still passes the gate."),
    may ? el("div", {class: "row"}, el("button", {type: "button", "data-command": halted ? "resume" : "halt", class: halted ? "" : "danger"}, halted ? "Resume …" : "Halt entries …")) : reader()),
    may ? section("send", "Commands", el("div", {class: "commands"}, Object.entries(COMMANDS).map(([name, [title, does]]) => el("div", {class: "command"}, el("button", {type: "button", "data-command": name, class: WORST.includes(name) ? "danger" : ""}, title + " …"), el("span", {}, does))))) : null,
    sent(),
  ];
}

const reader = () => el("p", {class: "quiet"}, state.session?.role === "reader" ? "You are signed in as the reader: nothing can be sent."
  : "Nothing can be sent: the dashboard was started without --commands FOLDER or --lean PROJECT.");

function sent() {
  return section("sent", "What was sent", table([["Sent", row => clock(row.sent), "nowrap number"], ["Command", row => words(row.action) + (row.strategy ? " " + words(row.strategy) : "")], ["Reason", row => row.reason ?? NONE, "wide"],
    ["State", row => chip(row.state, {answered: "good", failed: "bad", uncertain: "bad", withdrawn: "warn"}[row.state] ?? "")], ["Answer", row => Object.values(row.answers).map(one => `${String(one.time).slice(11, 19)} ${plainly(one.answer)}`).join("; ") || row.note || "waiting for its answer", "wide"],
    ["Id", row => row.id, "code"]], state.commands, "Nothing has been sent.", {key: row => row.id, label: "commands that were sent"}));
}

// The dialog of one command.
export function asking(name, chosen = "") {
  const [title, does, word] = COMMANDS[name], strategies = body("status")?.strategies ?? [], unknown = body("performance")?.unknown_results ?? [];
  return [
    el("h2", {id: "dialog-title"}, title), el("p", {}, does),
    el("form", {id: "command-form", "data-name": name, method: "dialog"},
      OF_A_STRATEGY.includes(name) ? el("label", {}, "Of ", el("select", {name: "strategy"}, el("option", {value: ""}, "all"), strategies.map(row => el("option", {value: row.name, selected: row.name === chosen}, words(row.name) + (row.open ? ` (${row.open} open)` : ""))))) : null,
      name === "result" ? [el("label", {}, "Trade ", el("input", {name: "position", list: "unknown", required: true, maxlength: 100})), el("datalist", {id: "unknown"}, unknown.map(id => el("option", {value: id}))),
        el("label", {}, "It made, USD, fees included ", el("input", {name: "amount", type: "number", step: "0.01", required: true}))] : null,
      el("label", {}, "Reason, kept in the audit trail ", el("input", {name: "reason", maxlength: 200, placeholder: "operator"})),
      word ? el("label", {}, `Type ${word} `, el("input", {name: "confirm", required: true, autocomplete: "off", maxlength: 20, pattern: word, class: "code"})) : null,
      el("p", {id: "command-problem", class: "problem", role: "alert"}),
      el("div", {class: "row"}, el("button", {type: "submit", class: word ? "danger" : "strong"}, "Send"), el("button", {type: "button", "data-close": true}, "Leave it"))),
  ];
}

export async function sendForm(form) {
  const given = new FormData(form), fields = {};
  for (const name of ["strategy", "reason", "confirm", "position"]) if (given.get(name)) fields[name] = given.get(name);
  if (given.get("amount")) fields.amount = Number(given.get("amount"));
  return (await send(form.dataset.name, fields)).command;
}
