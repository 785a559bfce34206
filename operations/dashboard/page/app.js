// The page: what is shown, when, and what a key or a click does.
import {drawCharts, redraw} from "/page/charts.js";
import {asking, commands, sendForm} from "/page/commands.js";
import {chip, el, number, seconds, words} from "/page/format.js";
import {Problem, ask, begin, body, listen, serverNow, signIn, signOut, state} from "/page/link.js";
import {morph} from "/page/morph.js";
import {overview, positions, risk} from "/page/views_book.js";
import {audit, emergencies, performance, story, trades} from "/page/views_record.js";

const found = {emergencies: {}, audit: {words: "", event: "", day: ""}};
const VIEWS = {overview: ["Overview", overview], positions: ["Positions", positions], risk: ["Risk", risk], performance: ["Performance", performance], trades: ["Trades", trades],
  emergencies: ["Emergencies", () => emergencies(found.emergencies)], audit: ["Audit", () => audit(found.audit)], commands: ["Commands", commands]};
const LATE_SECONDS = 5, QUIET_SECONDS = 12, TICK = 200, LEAST_BETWEEN = 150;
const at = id => document.getElementById(id);
const dialog = at("dialog");
let due = false, last = 0, asked = "", opened = null;

const view = () => VIEWS[location.hash.slice(1)] ? location.hash.slice(1) : "overview";

// --- drawing

function plan() {
  if (due) return;
  due = true;
  setTimeout(() => requestAnimationFrame(draw), Math.max(0, LEAST_BETWEEN - (Date.now() - last)));
}

function draw() {
  due = false;
  last = Date.now();
  const inside = Boolean(state.session);
  at("board").hidden = !inside;
  at("sign-in").hidden = inside;
  if (!inside) { forget(); return; }
  const name = view(), main = at("main"), built = el("main", {}, VIEWS[name][1]());
  if (main.dataset.view !== name) { main.replaceChildren(); main.dataset.view = name; }
  morph(main, built);
  drawCharts(main);
  document.title = `${VIEWS[name][0]} · Tom King`;
  head(name);
  tick();
}

// Who has signed out leaves nothing of the account in the page.
function forget() {
  for (const id of ["main", "chips", "views", "alarm", "dialog"]) at(id).replaceChildren();
  delete at("main").dataset.view;
  delete at("views").dataset.shown;
  if (dialog.open) dialog.close();
  Object.assign(found, {emergencies: {}, audit: {words: "", event: "", day: ""}});
  at("run-name").textContent = document.title = "Tom King";
  asked = "";
  drawCharts(at("main"));
  if (document.activeElement === document.body) at("password").focus();
}

function head(name) {
  const waiting = body("status")?.needs_owner.length ?? 0;
  morph(at("views"), el("nav", {}, Object.entries(VIEWS).map(([key, [title]], place) => el("a", {href: "#" + key, "aria-current": key === name ? "page" : null, "data-key": key},
    el("kbd", {"aria-hidden": "true"}, String(place + 1)), title, key === "overview" && waiting ? el("span", {class: "count", "aria-label": `${waiting} wait for you`}, String(waiting)) : null))));
  if (at("views").dataset.shown !== name) {
    at("views").dataset.shown = name;
    at("views").querySelector("[aria-current]").scrollIntoView({block: "nearest", inline: "center"});
  }
  const status = body("status"), run = status?.run, guards = status?.guards;
  at("run-name").textContent = state.run ? String(state.run).split("/").slice(0, 2).join(" / ") : "Tom King";
  at("halt").hidden = !state.session.can_send || Boolean(guards?.operator_halt);
  morph(at("chips"), el("div", {}, !status ? null : [chip(words(run.mode)), chip("phase " + status.phase.phase), status.market.vix ? chip("VIX " + number(status.market.vix.value, 2)) : chip("no VIX", "bad"),
    guards.emergency !== "NONE" ? chip(guards.emergency, guards.emergency.toLowerCase()) : null, guards.operator_halt ? chip("halted", "bad") : null, guards.breaker_level ? chip("breaker " + guards.breaker_level, "bad") : null,
    state.session.role === "reader" ? chip("reader") : null, chip(String(state.documents.status.time).slice(0, 16).replace("T", " "))]));
}

// How old the last word is: told by its age each fifth of a second, whether or not anything comes.
function tick() {
  if (!state.session) return;
  const status = state.documents.status, run = status?.body.run, quiet = (Date.now() - state.heard) / 1000;
  const old = status ? Math.max(0, (serverNow() - Date.parse(status.written)) / 1000) : null, limit = run?.due_seconds;
  const late = Boolean(status) && !run.ended && limit !== null && old > limit + LATE_SECONDS;
  at("age").textContent = old === null ? "nothing published" : run.ended ? `ended ${seconds(old)} ago` : seconds(old) + " old";
  at("age").className = "age " + (late || old === null ? "late" : "fresh");
  const alarms = [];
  if (late) alarms.push(`STALE: the algorithm's last word is ${seconds(old)} old; one is due every ${limit} s. What you see may no longer be so.`);
  if (!state.connected || quiet > QUIET_SECONDS) alarms.push(`No connection to the dashboard's server for ${seconds(quiet)}. Trying again.`);
  alarms.push(...Object.entries(state.problems).filter(([, problem]) => problem).map(([name, problem]) => `${name} cannot be read: ${problem}`));
  if (run?.ended) alarms.push("The algorithm has ended: this was its last word.");
  at("alarm").hidden = !alarms.length;
  if (at("alarm").textContent !== alarms.join(" ")) at("alarm").textContent = alarms.join(" ");
  document.body.classList.toggle("stale", late || !state.connected);
}

// --- what is asked for when a view is looked at

async function load(name, force = false) {
  const mark = `${name}${state.documents.status?.body.guards.emergency}${(state.documents.status?.body.recent ?? []).at(-1)?.time}`;
  if (!force && mark === asked) return;
  asked = mark;
  try {
    if (name === "emergencies") found.emergencies = await ask("/api/emergencies");
    if (name === "audit" && (force || !found.audit.rows)) await search();
  } catch (problem) { fail(name, problem); }
  plan();
}

function fail(name, problem) {
  if (!(problem instanceof Problem)) throw problem;
  found[name] = {...found[name], problem: problem.message};
}

async function search(before = "") {
  const {words: given, event, day} = found.audit, kept = before ? found.audit.rows : [];
  const answer = await ask("/api/audit?" + new URLSearchParams({words: given, event, day, before}));
  found.audit = {words: given, event, day, rows: [...kept, ...answer.rows], more: answer.more};
}

async function tellStory(what) {
  const [kind, name] = what.split("=");
  show([el("h2", {id: "dialog-title"}, (kind === "position" ? "Why? " : "Why not? ") + words(decodeURIComponent(name))), el("p", {class: "quiet"}, "Reading …")]);
  try {
    const told = await ask("/api/explain?" + what);
    dialog.lastChild.replaceWith(...story(told), el("div", {class: "row"}, el("button", {type: "button", "data-close": true}, "Close")));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    dialog.lastChild.textContent = problem.message;
  }
}

function show(children) {
  opened = document.activeElement;
  dialog.replaceChildren(...children);
  if (!dialog.open) dialog.showModal();
}

const help = () => show([el("h2", {id: "dialog-title"}, "Keys"), el("dl", {}, Object.values(VIEWS).map(([title], place) => [el("dt", {}, el("kbd", {}, String(place + 1))), el("dd", {}, title)]),
  el("dt", {}, el("kbd", {}, "/")), el("dd", {}, "Search the audit trail"), el("dt", {}, el("kbd", {}, "h")), el("dd", {}, "Halt entries"), el("dt", {}, el("kbd", {}, "?")), el("dd", {}, "These keys"),
  el("dt", {}, el("kbd", {}, "Esc")), el("dd", {}, "Close what is open, leave a field")), el("div", {class: "row"}, el("button", {type: "button", "data-close": true}, "Close"))]);

// --- what the owner does

document.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.close) dialog.close();
  else if (button.dataset.command) show(asking(button.dataset.command));
  else if (button.dataset.why) tellStory(button.dataset.why);
  else if (button.dataset.older) search(found.audit.rows.at(-1)?.time ?? "").catch(problem => fail("audit", problem)).then(plan);
  else if (button.id === "halt") show(asking("halt"));
  else if (button.id === "keys") help();
  else if (button.id === "sign-out") signOut().catch(problem => { if (!(problem instanceof Problem)) throw problem; });
});
dialog.addEventListener("close", () => opened?.focus?.());

document.addEventListener("submit", async event => {
  event.preventDefault();
  const form = event.target, button = form.querySelector("button[type=submit]");
  button.disabled = true;
  try {
    if (form.id === "sign-in-form") {
      await signIn(form.password.value);
      form.reset();
      at("sign-in-problem").textContent = "";
    } else if (form.id === "command-form") {
      await sendForm(form);
      dialog.close();
      location.hash = "commands";
    } else if (form.id === "audit-form") {
      Object.assign(found.audit, Object.fromEntries(new FormData(form)));
      await search();
      plan();
    }
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    const place = at(form.id === "sign-in-form" ? "sign-in-problem" : "command-problem");
    if (place) place.textContent = problem.seconds ? `${problem.message}: try again in ${seconds(problem.seconds)}` : problem.message;
    else { fail("audit", problem); plan(); }
  } finally { button.disabled = false; }
});

document.addEventListener("keydown", event => {
  if (event.key === "Escape" && !dialog.open && event.target.matches("input,select")) event.target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open || !state.session || event.target.matches("input,select,textarea")) return;
  const names = Object.keys(VIEWS), place = Number(event.key) - 1;
  const does = names[place] ? () => { location.hash = names[place]; at("main").focus(); } : event.key === "?" ? help : event.key === "h" && !at("halt").hidden ? () => show(asking("halt"))
    : event.key === "/" ? () => { location.hash = "audit"; setTimeout(() => at("audit-words")?.focus(), 300); } : null;
  if (!does) return;
  event.preventDefault();       // else the key would be typed into the field that comes
  does();
});

addEventListener("hashchange", () => { asked = ""; load(view()); plan(); scrollTo(0, 0); });
document.addEventListener("toggle", () => drawCharts(at("main")), true);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw(at("main")));
new ResizeObserver(() => drawCharts(at("main"))).observe(at("main"));
listen(() => { if (state.session) load(view()); plan(); });
setInterval(tick, TICK);
plan();
begin();
