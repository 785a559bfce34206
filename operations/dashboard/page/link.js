// Talks with the server: who is signed in, what is published, what is sent. The state is read by the views.

export const state = {session: null, documents: {}, problems: {}, commands: [], run: null, ahead: 0, heard: 0, connected: false};
const listeners = new Set();
let socket = null, retry = 0, timer = 0;

export const body = name => state.documents[name]?.body;
export const listen = listener => listeners.add(listener);
export const serverNow = () => Date.now() + state.ahead;
const tell = what => listeners.forEach(listener => listener(what));

export class Problem extends Error {
  constructor(status, detail, seconds) { super(detail); this.status = status; this.seconds = seconds; }
}

export async function ask(path, sent) {
  const options = {credentials: "same-origin", headers: {}};
  if (sent !== undefined) {
    options.method = "POST";
    options.body = JSON.stringify(sent);
    options.headers = {"Content-Type": "application/json", "X-CSRF-Token": state.session?.csrf ?? ""};
  }
  let answer;
  try { answer = await fetch(path, options); } catch { throw new Problem(0, "the dashboard's server does not answer"); }
  let found = {};
  try { found = await answer.json(); } catch { /* no JSON: its status says enough */ }
  if (answer.ok) return found;
  const detail = typeof found.detail === "string" ? found.detail : `refused (${answer.status})`;
  if (answer.status === 401 && path !== "/api/sign-in") ended();
  throw new Problem(answer.status, detail, found.seconds);
}

export async function begin() {
  try { state.session = await ask("/api/session"); } catch (problem) {
    if (problem.status !== 401) { timer = setTimeout(begin, 2000); tell("lost"); }
    return;
  }
  take(state.session);
  connect();
  tell("session");
}

export async function signIn(password) {
  state.session = await ask("/api/sign-in", {password});
  take(state.session);
  connect();
  tell("session");
}

export async function signOut() {
  try { await ask("/api/sign-out", {}); } finally { ended(); }
}

export const send = (action, fields) => ask(`/api/${action}`, {id: crypto.randomUUID(), ...fields});

function ended() {
  state.session = null;
  clearTimeout(timer);
  if (socket) { socket.onclose = null; socket.close(); socket = null; }
  Object.assign(state, {documents: {}, problems: {}, commands: [], connected: false});
  tell("session");
}

function take(message) {
  state.ahead = Date.parse(message.now) - Date.now();
  state.heard = Date.now();
}

function connect() {
  clearTimeout(timer);
  if (socket) { socket.onclose = null; socket.close(); }
  const mine = socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  mine.onmessage = event => { if (mine === socket) hear(JSON.parse(event.data)); };
  mine.onclose = event => {
    if (mine !== socket) return;
    socket = null;
    state.connected = false;
    tell("lost");
    if (event.code === 4401) { ended(); return; }
    retry = Math.min(retry + 1, 6);
    timer = setTimeout(begin, event.code === 4408 ? 100 : 250 * 2 ** retry);
  };
}

function hear(message) {
  take(message);
  retry = 0;
  state.connected = true;
  if (message.kind === "all") Object.assign(state, {documents: message.documents, problems: message.problems, commands: message.commands, run: message.run});
  else if (message.kind === "commands") state.commands = message.commands;
  else if (message.kind === "problems") state.problems = message.problems;
  else if (message.kind === "changes") {
    const held = state.documents[message.document];
    if ((held?.sequence ?? null) !== (message.from ?? null)) { connect(); return; }     // one was missed: all of it anew
    state.documents[message.document] = applied(held ?? {}, message);
    state.run = state.run ?? state.documents[message.document].owner;
  }
  tell(message.kind);
}

// What operations/dashboard/changes.py says of itself, the other way round.
function applied(before, change) {
  const top = {"": before};
  const parent = place => ["", ...place].slice(0, -1).reduce((found, name) => found[name], top);
  const last = place => ["", ...place].at(-1);
  for (const place of change.gone) delete parent(place)[last(place)];
  for (const [place, value] of change.set) parent(place)[last(place)] = value;
  return top[""];
}
