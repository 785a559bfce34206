"""A real Chromium without a window, spoken to by the DevTools protocol: no driver, nothing to install but the browser."""
from __future__ import annotations

import asyncio
import base64
import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websockets

from local.set_up import chromium

PATIENCE_SECONDS = 60.0
STEP_SECONDS = 0.02
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, ""), "Space": (32, " ")}


class Browser:
    """One page of it."""

    def __init__(self, address: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._number = 0
        self._wire = self._loop.run_until_complete(self._connect(address))
        for domain in ("Page", "Runtime"):
            self.ask(f"{domain}.enable")

    @staticmethod
    async def _connect(address: str) -> Any:
        # no pings: between two calls nobody listens
        return await websockets.connect(address, max_size=None, ping_interval=None)

    def ask(self, method: str, **fields: Any) -> Any:
        """One call of the protocol, and its answer."""
        return self._loop.run_until_complete(self._ask(method, fields))

    async def _ask(self, method: str, fields: dict[str, Any]) -> Any:
        self._number += 1
        await self._wire.send(json.dumps({"id": self._number, "method": method, "params": fields}))
        while True:
            answer = json.loads(await asyncio.wait_for(self._wire.recv(), PATIENCE_SECONDS))
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def close(self) -> None:
        self._loop.run_until_complete(self._wire.close())
        self._loop.close()

    # --- what is there

    def run(self, script: str) -> Any:
        """What an expression is; promises are waited for."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, (script, answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait(self, script: str) -> Any:
        """Until an expression is true; what it is then."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not (found := self.run(script)):
            assert time.monotonic() < until, f"never came: {script}\n{self.text('body')[:2000]}"
            time.sleep(STEP_SECONDS)
        return found

    def text(self, selector: str) -> str:
        """What can be read in an element."""
        return str(self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def wait_for_text(self, selector: str, words: str) -> None:
        """Until an element says these words."""
        self.wait(f"(document.querySelector({json.dumps(selector)})?.innerText ?? '').includes({json.dumps(words)})")

    # --- what a hand does

    def open(self, address: str) -> None:
        self.ask("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of it: what lies over it gets the click."""
        self.wait(f"document.querySelector({json.dumps(selector)}) !== null")
        x, y = self.run(f"(() => {{ const found = document.querySelector({json.dumps(selector)}); found.scrollIntoView("
                        "{block: 'center'}); const box = found.getBoundingClientRect(); return [box.x + box.width / 2, "
                        "box.y + box.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, words: str) -> None:
        """Where the focus is."""
        self.ask("Input.insertText", text=words)

    def press(self, key: str, *, shift: bool = False) -> None:
        """One key."""
        code, text = KEYS[key] if key in KEYS else (ord(key.upper()), key)
        fields = {"key": " " if key == "Space" else key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **fields)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **fields)

    # --- how it is shown

    def show(self, width: int, height: int, scheme: str = "light") -> None:
        """The size of the window, and what the owner's system asks for."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path: Path) -> None:
        """What is shown, as a PNG."""
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser of its own, with an empty profile in ``folder``."""
    binary = chromium()
    assert binary is not None
    profile = folder / "profile"
    options = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}", "--disable-gpu", "--no-first-run",
               "--hide-scrollbars", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync",
               *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    process = subprocess.Popen([binary, *options, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        place, until = profile / "DevToolsActivePort", time.monotonic() + PATIENCE_SECONDS
        while not place.is_file() or "\n" not in place.read_text(encoding="utf-8"):
            assert process.poll() is None and time.monotonic() < until, "Chromium does not start"
            time.sleep(STEP_SECONDS)
        port = int(place.read_text(encoding="utf-8").splitlines()[0])
        page = Browser(_page(port))
        try:
            yield page
        finally:
            page.close()
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _page(port: int) -> str:
    """The address of the first page's own socket."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/json/list")
        pages = [row for row in json.loads(connection.getresponse().read()) if row["type"] == "page"]
        connection.close()
        if pages:
            return str(pages[0]["webSocketDebuggerUrl"])
        assert time.monotonic() < until
        time.sleep(STEP_SECONDS)
