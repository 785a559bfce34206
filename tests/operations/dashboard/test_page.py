"""The page in a real Chromium, over an algorithm that trades live on the embedded engine: what the owner does, and what he
sees of it. ``make test-dashboard`` gets the browser; ``PICTURES=docs make test-dashboard`` renews the documents' pictures."""
from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from helpers.store.state_store import sealed
from local.broker_faults.broker import FaultyBroker
from local.broker_faults.lives import Lives
from local.broker_faults.plan import always
from local.data import scenario
from local.data.writer import ensure_data
from local.set_up import chromium
from tests.operations.dashboard.browser import Browser, browser
from tests.operations.dashboard.served import PASSWORD, RUN, Served, served
from tests.scenarios.order_world import FRIDAY, PARAMETERS, PROJECT, TWO, lives

pytestmark = [pytest.mark.long, pytest.mark.skipif(chromium() is None, reason="no Chromium on the path, and CHROMIUM does not "
                                                   "name one: make test-dashboard installs Debian's")]
PICTURES = os.environ.get("PICTURES")
VIEWS = ("overview", "positions", "risk", "performance", "trades", "emergencies", "audit", "commands")
CRASH = date(2024, 8, 5)
SPEED, SEEN_WITHIN_SECONDS = 100.0, 1.0
LEAST_PIXELS, LEAST_CONTRAST = 11.0, 4.5
WIDE, NARROW = (1440, 900), (390, 844)
MARK = '<img src=x onerror="document.title=String.fromCharCode(103,111,116)"><b>'
REACHABLE = ("[...document.querySelectorAll('a[href], button, input, select, summary, [tabindex=\"0\"]')]"
             ".filter(found => found.checkVisibility())")
# Every text that is shown, with its size and its contrast to what is behind it, where one of them is too small.
HARD_TO_READ = """(() => {
  const part = value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = colour => 0.2126 * part(colour[0]) + 0.7152 * part(colour[1]) + 0.0722 * part(colour[2]);
  const read = text => { const found = text.match(/[\\d.]+/g).map(Number); return found.length < 4 ? [...found, 1] : found; };
  const over = (top, below) => [0, 1, 2].map(at => top[at] * top[3] + below[at] * (1 - top[3]));
  const ways = node => { const found = []; for (; node; node = node.parentElement) found.push(getComputedStyle(node)); return found; };
  const bad = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let count = 0;
  for (let node; node = walker.nextNode();) {
    const place = node.parentElement;
    if (!node.data.trim() || !place.checkVisibility() || ["OPTION", "SCRIPT", "NOSCRIPT"].includes(place.tagName)) continue;
    const styles = ways(place), opacity = styles.reduce((all, style) => all * style.opacity, 1), own = read(styles[0].color);
    const behind = styles.reverse().reduce((below, style) => over(read(style.backgroundColor), below), [255, 255, 255]);
    const both = [light(over([...own.slice(0, 3), own[3] * opacity], behind)), light(behind)].sort((a, b) => b - a);
    const contrast = (both[0] + 0.05) / (both[1] + 0.05), size = parseFloat(getComputedStyle(place).fontSize);
    count += 1;
    if (size < %s || contrast < %s) bad.push([node.data.trim().slice(0, 40), size, contrast]);
  }
  return count ? bad : ["nothing is shown"];
})()""" % (LEAST_PIXELS, LEAST_CONTRAST)


@lru_cache(maxsize=1)
def august() -> Path:
    """Data of August 2024; written once, kept in the project's cache."""
    return ensure_data(scenario.load("august_2024"), PROJECT / ".cache" / "data", progress=None)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Browser]:
    with browser(tmp_path) as found:
        found.show(*WIDE)
        yield found


def status(running: Served) -> dict[str, Any]:
    """What the algorithm said last."""
    found: dict[str, Any] = json.loads((running.store / RUN / "published" / "status.json").read_text(encoding="utf-8"))
    return found


def body(running: Served) -> dict[str, Any]:
    found: dict[str, Any] = status(running)["body"]
    return found


def served_over(run: Lives, folder: Path) -> Any:
    """A dashboard over a life: LEAN's process runs where its store and its commands are."""
    assert run.out == folder / "commands"
    return served(folder, store=run.out / "storage", requests_a_minute=10_000)


def until(run: Lives, day: date, hour: int, minute: int) -> None:
    """The market goes on to a minute of New York."""
    assert run.run(datetime(day.year, day.month, day.day, hour, minute)), run.error


def sign_in(page: Browser, running: Served, password: str = PASSWORD) -> None:
    page.open(f"http://127.0.0.1:{running.port}/")
    page.wait("document.activeElement.id === 'password'")
    page.type(password)
    page.press("Enter")


def send(page: Browser, name: str, word: str, strategy: str = "") -> None:
    """Send one command from its dialog, as the owner does."""
    page.run("location.hash = 'commands'")
    page.click(f"#send [data-command={name}]")
    page.wait("document.getElementById('dialog').open")
    if strategy:
        page.run(f"document.querySelector('#command-form [name=strategy]').value = {json.dumps(strategy)}")
    if word:
        page.click("#command-form [name=confirm]")
        page.type(word)
    page.click("#command-form [type=submit]")
    page.wait("!document.getElementById('dialog').open")
    page.wait_for_text("#sent tbody tr", name)


def picture(page: Browser, name: str, height: int = 820) -> None:
    """A picture for the documents, where this run is asked for them."""
    if PICTURES:
        page.show(1280, height)
        time.sleep(0.5)
        page.picture(Path(PICTURES) / f"dashboard-{name}.png")
        page.show(*WIDE)


def test_three_wrong_passwords_lock_it(tmp_path: Path, page: Browser) -> None:
    with served(tmp_path) as running:
        sign_in(page, running, "wrong 1")
        page.wait_for_text("#sign-in-problem", "wrong password")
        for number in (2, 3):
            page.run("document.getElementById('password').value = ''; document.getElementById('password').focus()")
            page.type(f"wrong {number}")
            page.press("Enter")
            page.wait("!document.querySelector('#sign-in-form button').disabled")
        page.wait_for_text("#sign-in-problem", "try again in")
        page.run("document.getElementById('password').value = ''; document.getElementById('password').focus()")
        page.type(PASSWORD)
        page.press("Enter")
        page.wait_for_text("#sign-in-problem", "locked after three wrong passwords: try again in 15 min")
        assert page.run("document.getElementById('board').hidden") is True


def test_the_algorithm_obeys_the_page(tmp_path: Path, page: Browser) -> None:
    run = lives(tmp_path / "commands", live=True, publish="yes")
    run.begin()
    until(run, FRIDAY, 9, 55)
    with served_over(run, tmp_path) as running:
        running.store = run.out / "storage"
        sign_in(page, running)
        page.wait_for_text("#chips", "trade")
        assert [row["strategy"] for row in body(running)["positions"]] == ["lt112"]

        page.press("h")                 # by its key
        page.wait("document.getElementById('dialog').open")
        page.click("#command-form [name=reason]")
        page.type("lunch")
        page.click("#command-form [type=submit]")
        page.wait_for_text("#sent", "sent")
        until(run, FRIDAY, 10, 36)
        page.wait_for_text("#sent", "answered")
        page.wait_for_text("#chips", "halted")
        page.wait_for_text("#automation", "By you: lunch")
        found = body(running)
        assert [row["strategy"] for row in found["positions"]] == ["lt112"], "the condor of 10:33 is not entered"
        assert found["orders"] == []
        assert {row["code"] for row in found["refusals_today"] if row["strategy"] == "friday_0dte"} >= {"HALTED"}

        page.run("location.hash = 'overview'")
        page.wait_for_text("#refused", "HALTED")
        send(page, "resume", "RESUME")
        until(run, FRIDAY, 10, 45)
        page.wait_for_text("#automation", "entries are allowed")
        assert {row["strategy"] for row in body(running)["positions"]} == {"lt112", "friday_0dte"}
        page.run("location.hash = 'positions'")
        page.wait("document.querySelectorAll('details.held').length === 2")
        page.click("details.held summary")
        page.wait("document.querySelector('details.held[open] .u-over') !== null")
        picture(page, "positions", 900)

        send(page, "flatten", "FLATTEN", "lt112")
        until(run, FRIDAY, 10, 55)
        page.wait_for_text("#sent tbody tr", "answered")
        assert [row["strategy"] for row in body(running)["positions"]] == ["friday_0dte"]
        page.run("location.hash = 'trades'")
        page.wait_for_text("#closed", "lt112/")
        page.click("#closed [data-why]")
        page.wait_for_text("#dialog", "Its events, oldest first")
        page.press("Escape")

        page.click("#sign-out")
        page.wait("!document.getElementById('sign-in').hidden")
        assert page.text("main") == "" and "lt112" not in str(page.run("document.documentElement.outerHTML"))
        assert page.run("fetch('/api/status').then(answer => answer.status)") == 401


def test_the_fifth_of_august_is_seen_within_a_second(tmp_path: Path, page: Browser) -> None:
    """Ridden through at a hundred times its speed, with what was entered on Wednesday; the process began anew on Monday."""
    wednesday = CRASH - timedelta(days=5)
    run = Lives(project=PROJECT, data=august(), out=tmp_path / "commands", broker=FaultyBroker(always(), fills_after=1),
                parameters=dict(PARAMETERS) | {"strategies": TWO, "publish": "yes"}, first=wednesday, last=CRASH, live=True)
    run.begin()
    until(run, wednesday, 10, 0)
    run.die()
    run.begin(datetime(CRASH.year, CRASH.month, CRASH.day, 9, 20))
    until(run, CRASH, 9, 29)
    with served_over(run, tmp_path) as running:
        running.store = run.out / "storage"
        assert body(running)["guards"]["emergency"] == "NONE"
        sign_in(page, running)
        page.wait_for_text("#chips", "trade")
        page.run("""globalThis.seen = null; new MutationObserver(() => {
            if (!globalThis.seen && document.querySelector("#chips .yellow, #chips .orange, #chips .red")) globalThis.seen = Date.now();
        }).observe(document.getElementById("chips"), {subtree: true, childList: true, attributes: true, characterData: true})""")
        begun, event = time.monotonic(), None
        for minute in range(16):
            at = datetime(CRASH.year, CRASH.month, CRASH.day, 9, 30) + timedelta(minutes=minute)
            time.sleep(max(0.0, begun + 60.0 / SPEED * minute - time.monotonic()))
            before = time.time()
            until(run, CRASH, at.hour, at.minute)
            if event is None and body(running)["guards"]["emergency"] != "NONE":
                event = before          # it came after this
        assert event is not None
        delay = page.wait("globalThis.seen") / 1000.0 - event
        print(f"the emergency was seen {delay:.2f} s after the minute that brought it had begun")
        assert delay < SEEN_WITHIN_SECONDS
        level = body(running)["guards"]["emergency"]
        page.wait_for_text("#needs", level)
        picture(page, "overview")
        page.run("location.hash = 'emergencies'")
        page.wait_for_text(".ladder .here", level)
        page.wait_for_text("#led", "GUARDS")


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, Served]]:
    """A page that its owner has signed in to, over what was published at noon."""
    folder = tmp_path_factory.mktemp("still")
    with served(folder, requests_a_minute=10_000) as running, browser(folder) as page:
        page.show(*WIDE)
        sign_in(page, running)
        page.wait_for_text("#chips", "trade")
        yield page, running


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_every_view_can_be_read(still: tuple[Browser, Served], size: tuple[int, int], scheme: str) -> None:
    page, _ = still
    page.show(*size, scheme)
    for view in VIEWS:
        page.run(f"location.hash = '{view}'")
        page.wait(f"document.querySelector('main').dataset.view === '{view}' && document.querySelector('main').innerText.length > 40")
        page.run("document.querySelectorAll('details').forEach(found => { found.open = true; })")
        assert page.run(HARD_TO_READ) == [], view
        assert page.run("document.documentElement.scrollWidth - innerWidth") <= 0, f"{view} is wider than the page"
    if size == NARROW and scheme == "light" and PICTURES:
        page.run("location.hash = 'risk'")
        page.wait_for_text("main", "Circuit breakers")
        page.picture(Path(PICTURES) / "dashboard-phone.png")


def test_the_keyboard_reaches_everything(still: tuple[Browser, Served]) -> None:
    page, _ = still
    page.show(*WIDE)
    for number, view in enumerate(VIEWS, start=1):
        page.press("Escape")
        page.press(str(number))
        page.wait(f"document.querySelector('main').dataset.view === '{view}'")
        if view == "audit":
            page.wait("document.querySelectorAll('#search tbody tr').length > 10")
        page.run("document.activeElement.blur(); globalThis.reached = new Set()")
        for _ in range(len(page.run(f"{REACHABLE}.map(found => found.tagName)")) + 3):
            page.press("Tab")
            page.run("globalThis.reached.add(document.activeElement)")
        left = page.run(f"{REACHABLE}.filter(found => !globalThis.reached.has(found)).map(found => found.outerHTML.slice(0, 90))")
        assert left == [], view
    page.press("?")
    page.wait("document.getElementById('dialog').open")
    page.press("Escape")
    page.wait("!document.getElementById('dialog').open")


def test_what_is_published_is_text(tmp_path: Path, page: Browser) -> None:
    """An order's tag, a reason, a name: whatever stands in them, none of it becomes an element."""
    with served(tmp_path, requests_a_minute=10_000) as running:
        place = running.store / RUN / "published" / "status.json"
        found = {key: value for key, value in status(running).items() if key != "checksum"}
        told = found["body"]
        for row in told["positions"]:
            row["reasons"] = {MARK: MARK}
            row["id"] += MARK
        told["recent"] = [{"time": found["time"], "event": MARK, "severity": "error", "facts": {MARK: {MARK: [MARK]}}}]
        told["orders"] = [{**order(told["positions"][0]["id"]), "reason": MARK}]
        place.write_text(sealed(found | {"sequence": found["sequence"] + 1}), encoding="utf-8")
        sign_in(page, running)
        page.wait_for_text("#recent", MARK)
        for view in VIEWS:
            page.run(f"location.hash = '{view}'")
            page.wait(f"document.querySelector('main').dataset.view === '{view}'")
            time.sleep(0.3)
            assert page.run("document.querySelectorAll('main img, main script').length") == 0
            assert page.run("document.title").endswith("Tom King"), view
        page.run("location.hash = 'positions'")
        page.wait_for_text("main", MARK)
        page.click("details.held summary")
        page.click("details.held[open] [data-why]")
        page.wait_for_text("#dialog", "Reasons")
        assert page.run("document.querySelectorAll('#dialog img').length") == 0


def order(position: str) -> dict[str, Any]:
    """One order at work, as it is published."""
    return {"intent": position + ":EXIT", "position": position, "strategy": "lt112", "purpose": "EXIT", "state": "WORKING",
            "legs": [], "started": "2024-07-26T12:00:00", "urgent": False, "units_filled": 0, "orders_sent": 1, "steps": 0,
            "quantity": 1, "limit": 1.0, "sent": "2024-07-26T12:00:00", "priced": "2024-07-26T12:00:00", "worst": 2.0,
            "mid": 1.0, "natural": 1.1, "walked_share": 0.5, "age_seconds": 61.0, "message": MARK}
