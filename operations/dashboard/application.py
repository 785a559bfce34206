"""The API, the socket and the page."""
from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from fastapi import FastAPI, HTTPException, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from operations.dashboard.access_log import AccessLog
from operations.dashboard.commands import Commands, Refused
from operations.dashboard.explain import position_story, strategy_story
from operations.dashboard.guard import REQUESTS_A_MINUTE, SIGN_IN, Address, App, Guard, cookie_text
from operations.dashboard.hub import Hub, now_text
from operations.dashboard.passwords import OWNER, Locked, Passwords
from operations.dashboard.sessions import Session, Sessions
from operations.dashboard.store_reader import StoreReader

PAGE = Path(__file__).resolve().parent / "page"
# The report's own look and its library of charts: they stand there alone, with their licence.
REPORTS = Path(__file__).resolve().parents[2] / "local" / "run_report" / "assets"
SHARED = (REPORTS / "page.css", REPORTS / "uplot" / "uPlot.iife.min.js", REPORTS / "uplot" / "uPlot.min.css")
KINDS = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}
SEND_SECONDS, EVENTS_SHOWN = 10.0, ("GUARDS", "RISK_BLIND", "COMMAND", "STORE_FAILED", "QUARANTINE", "ORDER_FAILED", "PHASE")
ENDED, TOO_MANY, TOO_SLOW = 4401, 4429, 4408


class Password(BaseModel, extra="forbid"):
    """What signs in."""

    password: str = Field(..., max_length=200)


class Nothing(BaseModel, extra="forbid"):
    """An empty object."""


class Command(BaseModel, extra="forbid"):
    """A command: ``id`` is made by the sender, and the same id is never sent twice; ``confirm`` is the word typed."""

    id: str = Field(..., min_length=8, max_length=64)
    reason: Optional[str] = Field(None, max_length=200)
    confirm: Optional[str] = Field(None, max_length=20)


class CommandOfStrategy(Command, extra="forbid"):
    """A command to one strategy, or to all."""

    strategy: Optional[str] = Field(None, max_length=40)


class Automation(Command, extra="forbid"):
    """``enabled`` false halts entries, true resumes them."""

    enabled: bool


class Outcome(Command, extra="forbid"):
    """What a trade made that was closed elsewhere, USD, fees included."""

    position: str = Field(..., max_length=100)
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the server is made of."""

    reader: StoreReader
    hub: Hub
    commands: Commands
    passwords: Passwords
    sessions: Sessions
    address: Address
    log: AccessLog
    requests_a_minute: int = REQUESTS_A_MINUTE


def make_application(parts: Parts) -> App:
    """The whole server as one ASGI application: everything goes through its guard."""
    app = FastAPI(title="Tom King dashboard", version="1", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json",
                  description="Reads what the algorithm publishes and sends the owner's commands. All but the sign-in needs "
                              "a session; commands need its token in X-CSRF-Token.")
    _add_session(app, parts)
    _add_reading(app, parts)
    _add_commands(app, parts)
    _add_socket(app, parts)
    _add_page(app)
    return Guard(app, address=parts.address, sessions=parts.sessions, log=parts.log,
                 requests_a_minute=parts.requests_a_minute)


def _session(request: Request) -> Session:
    session: Session = request.scope["session"]
    return session


def _add_session(app: FastAPI, parts: Parts) -> None:
    def told(session: Session) -> dict[str, Any]:
        return {"role": session.role, "csrf": session.csrf, "now": now_text(), "run": parts.hub.run.key if parts.hub.run else None,
                "can_send": parts.commands.can_send and session.role == OWNER,
                "ends_seconds": round(parts.sessions.left(session))}

    @app.post(SIGN_IN, tags=["session"])
    def sign_in(body: Password) -> Response:
        """Begin a session of four hours. After three wrong passwords nobody signs in for fifteen minutes."""
        try:
            role = parts.passwords.role(body.password)
        except Locked as locked:
            return JSONResponse({"detail": "locked after three wrong passwords", "seconds": round(locked.seconds)}, 423,
                                {"retry-after": str(round(locked.seconds))})
        if role is None:
            left = parts.passwords.locked_seconds()
            return JSONResponse({"detail": "wrong password", "seconds": round(left)}, 423 if left else 401)
        session, token = parts.sessions.begin(role)
        return JSONResponse(told(session), headers={"set-cookie": cookie_text(parts.address, token)})

    @app.post("/api/sign-out", tags=["session"])
    def sign_out(body: Nothing, request: Request) -> Response:
        """End this session."""
        parts.sessions.end(_session(request))
        return JSONResponse({}, headers={"set-cookie": cookie_text(parts.address, "", 0)})

    @app.get("/api/session", tags=["session"])
    def session(request: Request) -> dict[str, Any]:
        """Who is signed in."""
        return told(_session(request))


def _add_reading(app: FastAPI, parts: Parts) -> None:
    hub, reader = parts.hub, parts.reader
    # What is published is plain JSON: it is handed on as it is, without being looked through once more.

    def body_of(name: str) -> Mapping[str, Any]:
        found = hub.documents.get(name)
        if found is None:
            raise HTTPException(503, hub.problems.get(name) or "nothing is published yet")
        body: Mapping[str, Any] = found["body"]
        return body

    @app.get("/api/status", tags=["reading"])
    async def status() -> Response:
        """The whole status document, and the server's time beside it."""
        body_of("status")
        return JSONResponse({"now": now_text(), **hub.documents["status"]})

    @app.get("/api/positions", tags=["reading"])
    async def positions() -> Response:
        """Open positions with legs, quotes, Greeks and results."""
        return JSONResponse(body_of("status")["positions"])

    @app.get("/api/performance", tags=["reading"])
    async def performance() -> Response:
        """Results by day, month and strategy, statistics, value at risk."""
        status_body = hub.documents.get("status", {}).get("body", {})
        return JSONResponse({**body_of("performance"), "value_at_risk": status_body.get("value_at_risk"),
                             "health": status_body.get("run")})

    @app.get("/api/risk", tags=["reading"])
    async def risk() -> Response:
        """Every limit with what is used of it and what trips next; guards; value at risk."""
        body = body_of("status")
        return JSONResponse({name: body[name] for name in ("limits", "breaker_steps", "guards", "value_at_risk", "market", "account")})

    @app.get("/api/trades", tags=["reading"])
    async def trades() -> Response:
        """Closed trades and refusals, newest first."""
        return JSONResponse(body_of("trades"))

    @app.get("/api/orders", tags=["reading"])
    async def orders() -> Response:
        """Orders under way, and the owner's commands with their answers."""
        return JSONResponse({"orders": body_of("status")["orders"], "commands": parts.commands.rows})

    @app.get("/api/emergencies", tags=["reading"])
    def emergencies() -> Response:
        """Levels and breakers now, and the events that led there, newest first."""
        body = body_of("status")
        rows = [] if hub.run is None else reader.audit(hub.run, events=EVENTS_SHOWN)["rows"]
        return JSONResponse({"guards": body["guards"], "needs_owner": body["needs_owner"], "events": rows})

    @app.get("/api/audit", tags=["reading"])
    def audit(words: str = "", event: str = "", day: str = "", before: str = "") -> Response:
        """Rows of the audit trail that hold every word, newest first."""
        if hub.run is None:
            raise HTTPException(503, "nothing is published yet")
        if day and not (day.isascii() and day.isdigit() and len(day) <= 8):
            raise HTTPException(422, "day must be like 20240805")
        return JSONResponse(reader.audit(hub.run, words=words, events=(event,) if event else (), day=day, before=before))

    @app.get("/api/explain", tags=["reading"])
    def explain(position: str = "", strategy: str = "") -> Response:
        """Why a position was opened and closed, or why a strategy does not enter."""
        if bool(position) == bool(strategy):
            raise HTTPException(422, "name a position or a strategy")
        return JSONResponse(position_story(hub, reader, position) if position else strategy_story(hub, strategy))


def _add_commands(app: FastAPI, parts: Parts) -> None:
    def send(request: Request, action: str, **fields: Any) -> Response:
        if _session(request).role != OWNER:
            raise HTTPException(403, "this session may only read")
        confirm = fields.pop("confirm")
        body = parts.hub.documents.get("status", {}).get("body", {})
        names = [row["name"] for row in body.get("strategies", [])]
        try:
            row = parts.commands.send(action, fields, strategies=names, confirm=confirm)
        except Refused as refused:
            raise HTTPException(refused.status, str(refused)) from refused
        parts.hub.tell_commands()
        return JSONResponse({"command": row}, 202)

    @app.post("/api/automation", tags=["commands"], status_code=202)
    def automation(body: Automation, request: Request) -> Response:
        """Let entries be made, or not. Exits go on either way. To enable, RESUME must be typed."""
        return send(request, "resume" if body.enabled else "halt", id=body.id, reason=body.reason, confirm=body.confirm)

    @app.post("/api/halt", tags=["commands"], status_code=202)
    def halt(body: Command, request: Request) -> Response:
        """No entries until you resume; exits go on."""
        return send(request, "halt", id=body.id, reason=body.reason, confirm=body.confirm)

    @app.post("/api/resume", tags=["commands"], status_code=202)
    def resume(body: CommandOfStrategy, request: Request) -> Response:
        """End the halt, levels and suspensions, of all or of one strategy. RESUME must be typed."""
        return send(request, "resume", id=body.id, reason=body.reason, strategy=body.strategy, confirm=body.confirm)

    @app.post("/api/flatten", tags=["commands"], status_code=202)
    def flatten(body: CommandOfStrategy, request: Request) -> Response:
        """Close the positions of one strategy, or of all but bought protection. FLATTEN must be typed."""
        return send(request, "flatten", id=body.id, reason=body.reason, strategy=body.strategy, confirm=body.confirm)

    @app.post("/api/liquidate", tags=["commands"], status_code=202)
    def liquidate(body: Command, request: Request) -> Response:
        """Close everything, protection too, and halt. LIQUIDATE must be typed."""
        return send(request, "liquidate", id=body.id, reason=body.reason, confirm=body.confirm)

    @app.post("/api/accept", tags=["commands"], status_code=202)
    def accept(body: Command, request: Request) -> Response:
        """Holdings that are not the framework's are meant to be there. ACCEPT must be typed."""
        return send(request, "accept", id=body.id, reason=body.reason, confirm=body.confirm)

    @app.post("/api/emergency", tags=["commands"], status_code=202)
    def emergency(body: Command, request: Request) -> Response:
        """Halt, and close everything but bought protection. EMERGENCY must be typed."""
        return send(request, "emergency", id=body.id, reason=body.reason, confirm=body.confirm)

    @app.post("/api/result", tags=["commands"], status_code=202)
    def result(body: Outcome, request: Request) -> Response:
        """What a trade made that was closed elsewhere. RESULT must be typed."""
        return send(request, "result", id=body.id, reason=body.reason, confirm=body.confirm, position=body.position,
                    amount=body.amount)


def _add_socket(app: FastAPI, parts: Parts) -> None:
    @app.websocket("/ws")
    async def changes(socket: WebSocket) -> None:
        """All documents once, then what changes in them."""
        session = socket.scope["session"]
        await socket.accept()
        page = parts.hub.join()
        if page is None:
            await socket.close(TOO_MANY)
            return
        listening = asyncio.ensure_future(_listen(socket))
        try:
            await _talk(socket, page, session, listening)
        except (WebSocketDisconnect, RuntimeError, ConnectionError):
            pass        # the page is gone
        finally:
            parts.hub.leave(page)
            listening.cancel()

    async def _listen(socket: WebSocket) -> None:
        """A page says nothing; that it has gone is heard."""
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass

    async def _talk(socket: WebSocket, page: Any, session: Session, listening: asyncio.Future[None]) -> None:
        while not listening.done():
            if page.lost:
                await socket.close(TOO_SLOW)
                return
            if not parts.sessions.lives(session):
                await socket.close(ENDED)
                return
            try:
                text = await asyncio.wait_for(page.waiting.get(), 1.0)
            except asyncio.TimeoutError:
                continue
            await asyncio.wait_for(socket.send_text(text), SEND_SECONDS)


def _add_page(app: FastAPI) -> None:
    files = {path.name: path.read_bytes() for path in (*sorted(PAGE.iterdir()), *SHARED) if path.suffix in KINDS}

    def answer(name: str) -> Response:
        if name not in files:
            raise HTTPException(404, "no such file")
        return Response(files[name], media_type=KINDS[Path(name).suffix])

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return answer("index.html")

    @app.get("/page/{name}", include_in_schema=False)
    async def file(name: str) -> Response:
        return answer(name)
