// Makes what is shown like what was built, leaving alone what is the same: focus, what was unfolded, what is being typed.

const keyed = node => node.nodeType === 1 ? node.dataset.key ?? node.id ?? "" : "";
const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (keyed(a) || "") === (keyed(b) || "");

export function morph(shown, built) {
  let at = shown.firstChild;
  for (const next of [...built.childNodes]) {
    if (at && same(at, next)) { patch(at, next); at = at.nextSibling; continue; }
    const key = keyed(next);
    let later = at;
    while (key && later && !same(later, next)) later = later.nextSibling;
    if (key && later) { shown.insertBefore(later, at); patch(later, next); } else shown.insertBefore(next, at);
  }
  while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
}

function patch(shown, next) {
  if (shown.nodeType === 3) { if (shown.data !== next.data) shown.data = next.data; return; }
  if (shown.nodeType !== 1) return;
  for (const {name} of [...shown.attributes]) if (!next.hasAttribute(name) && name !== "open") shown.removeAttribute(name);
  for (const {name, value} of next.attributes) if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  if (shown.dataset.live || shown.dataset.typed) return;
  morph(shown, next);
}
