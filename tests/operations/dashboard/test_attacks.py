"""Whoever tries to get in, to make it send what nobody ordered, or to bring it down: none does. A dashboard that runs, over
what an algorithm has published; after each attack the owner's own page still answers."""
from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from operations.dashboard import guard, hub, passwords, server
from operations.dashboard.passwords import FAILURES_ALLOWED, OWNER, Passwords
from operations.dashboard.sessions import GRACE_SECONDS, RENEWED_SECONDS, SESSION_SECONDS
from operations.errors import OperationsError
from tests.operations.dashboard.served import PASSWORD, READERS, RUN, USUAL_COST, Client, Served, served

HALT = {"id": "11111111-aaaa", "reason": "lunch"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("shared"), requests_a_minute=100_000) as running:
        yield running


@pytest.fixture
def dashboard(shared: Served) -> Iterator[Served]:
    """The one that all attacks on the server meet: what one has brought about would be seen by the next."""
    shared.renew()
    yield shared
    shared.renew()
    assert shared.client().get("/api/session")[0] == 200, "it still serves its owner"


@pytest.fixture
def spoilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """One whose store a test may spoil; it soon stops reading a torn file again."""
    monkeypatch.setattr(hub, "WATCH_SECONDS", 0.01)
    with served(tmp_path) as running:
        yield running
        assert running.client().get("/api/session")[0] == 200, "it still serves its owner"


def jump(running: Served, seconds: float) -> None:
    """The clock of the sessions goes on."""
    sessions, before = running.parts.sessions, running.parts.sessions._clock
    sessions._clock = lambda: before() + seconds


def raw(running: Served, data: bytes, seconds: float = 20.0) -> bytes:
    """What a hand-written request is answered with, until the connection ends."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=seconds) as wire:
        wire.sendall(data)
        found = b""
        while True:
            try:
                part = wire.recv(65536)
            except TimeoutError:
                return found
            if not part:
                return found
            found += part


# --- getting in


@pytest.mark.parametrize("path", ["status", "positions", "performance", "risk", "trades", "orders", "audit", "emergencies",
                                  "explain?strategy=lt112", "openapi.json", "session"])
def test_nothing_is_read_without_a_session(dashboard: Served, path: str) -> None:
    assert dashboard.client(None).get(f"/api/{path}")[0] == 401


@pytest.mark.parametrize("cookie", ["tomking=", "tomking=" + "A" * 43, "tomking=../../etc/passwd", "tomking=%00", "tomking=None; a",
                                    "__Host-tomking=x", "=;;;", "tomking=\"" + "x" * 5000 + "\""])
def test_a_forged_token_is_nobodys(dashboard: Served, cookie: str) -> None:
    client = dashboard.client(None)
    client.cookie = cookie
    assert client.get("/api/status")[0] == 401 and client.post("/api/halt", HALT)[0] == 401
    assert dashboard.sent() == []


def test_a_token_of_a_session_that_was_signed_out_is_dead(dashboard: Served) -> None:
    client = dashboard.client()
    kept = client.cookie
    assert client.post("/api/sign-out")[0] == 200 and client.cookie == "tomking="
    client.cookie = kept
    assert client.get("/api/status")[0] == 401


def test_a_session_ends_after_four_hours(dashboard: Served) -> None:
    client = dashboard.client()
    jump(dashboard, SESSION_SECONDS - 1)
    assert client.get("/api/session")[0] == 200
    jump(dashboard, 1)
    assert client.get("/api/session")[0] == 401


def test_a_replaced_token_that_comes_back_ends_the_session(dashboard: Served) -> None:
    client = dashboard.client()
    stolen = client.cookie
    jump(dashboard, RENEWED_SECONDS)
    assert client.get("/api/session")[0] == 200 and client.cookie != stolen
    thief = dashboard.client(None)
    thief.cookie = stolen
    assert thief.get("/api/session")[0] == 200, "a request that was on its way"
    jump(dashboard, GRACE_SECONDS + 1)
    assert thief.get("/api/status")[0] == 401 and client.get("/api/status")[0] == 401, "both must sign in again"


def test_three_wrong_passwords_lock_for_fifteen_minutes(dashboard: Served) -> None:
    now = [1000.0]
    dashboard.parts.passwords._clock = lambda: now[0]
    client = dashboard.client(None)
    assert [client.sign_in("wrong horse battery") for _ in range(3)] == [401, 401, 423]
    assert client.sign_in() == 423, "the right one too"
    now[0] += 15 * 60 - 1
    assert client.sign_in() == 423
    now[0] += 1
    assert client.sign_in() == 200


def test_a_password_is_kept_as_its_scrypt_of_full_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 7914 with 32 MB a try; each with a salt of its own."""
    monkeypatch.setattr(passwords, "COST", USUAL_COST)
    for name in ("one", "other"):
        Passwords(tmp_path / name, time.time).set(OWNER, PASSWORD)
    one, other = (json.loads((tmp_path / name / "credentials.json").read_text(encoding="utf-8"))[OWNER] for name in ("one", "other"))
    salt = bytes.fromhex(one["salt"])
    assert one["hash"] == hashlib.scrypt(PASSWORD.encode(), salt=salt, n=2 ** 15, r=8, p=1, maxmem=2 ** 26).hex()
    assert one["salt"] != other["salt"] and one["hash"] != other["hash"]


def test_the_lock_survives_a_restart(tmp_path: Path) -> None:
    with served(tmp_path / "a") as running:
        client = running.client(None)
        assert [client.sign_in("wrong horse battery") for _ in range(3)][-1] == 423
        again = server.make_parts(store=running.store, home=running.home, place=server.Place(port=1), channel=None, run=None)
        assert again.passwords.locked_seconds() > 800.0
        again.log.close()


def test_many_tries_at_once_are_many_tries(dashboard: Served) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: dashboard.client(None).sign_in("wrong horse battery"), range(12)))
    assert found.count(401) == FAILURES_ALLOWED - 1 and found.count(423) == 12 - (FAILURES_ALLOWED - 1)
    dashboard.parts.passwords._clock = lambda: time.time() + 3600.0


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"password": 1}', b'{"password": null}', b'{"password": ["a"]}',
                                  b'{"password": {"$ne": ""}}', b'{"password": "x", "role": "owner"}', b"[" * 16000,
                                  b'{"password": "' + b"x" * 300 + b'"}', b'\xff\xfe{"password": "x"}'])
def test_a_sign_in_of_another_shape_is_refused(dashboard: Served, body: bytes) -> None:
    assert dashboard.client(None).post("/api/sign-in", body)[0] in (400, 401, 422)


# --- the reader's role


@pytest.mark.parametrize("action", ["halt", "resume", "flatten", "liquidate", "accept", "emergency"])
def test_a_reader_sends_nothing(dashboard: Served, action: str) -> None:
    reader = dashboard.client(READERS)
    assert reader.get("/api/status")[0] == 200
    assert reader.post(f"/api/{action}", {"id": "22222222-bbbb", "confirm": action.upper()})[0] == 403 and dashboard.sent() == []


# --- from another page


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:{port}",
                                    "http://127.0.0.1:{port}.evil.example", "http://localhost:1", None])
def test_a_command_from_another_origin_is_refused(dashboard: Served, origin: str | None) -> None:
    client = dashboard.client()
    text = None if origin is None else origin.format(port=dashboard.port)
    assert client.post("/api/halt", HALT, Origin=text)[0] == 403 and dashboard.sent() == []
    assert text is None or client.get("/api/status", Origin=text)[0] == 403


@pytest.mark.parametrize("token", [None, "", "x", "A" * 43])
def test_a_command_without_the_pages_token_is_refused(dashboard: Served, token: str | None) -> None:
    client = dashboard.client()
    assert client.post("/api/halt", HALT, X_CSRF_Token=token)[0] == 403 and dashboard.sent() == []


def test_a_token_of_another_session_does_not_do(dashboard: Served) -> None:
    one, other = dashboard.client(), dashboard.client()
    assert one.post("/api/halt", HALT, X_CSRF_Token=other.csrf)[0] == 403 and dashboard.sent() == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_a_form_of_another_page_is_refused(dashboard: Served, kind: str | None) -> None:
    assert dashboard.client().post("/api/halt", HALT, Content_Type=kind)[0] == 415 and dashboard.sent() == []


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1:{port}@evil.example", "[::1]:{port}", ""])
def test_a_name_that_points_here_is_refused(dashboard: Served, host: str) -> None:
    """DNS rebinding: the browser takes another name's page for ours."""
    assert dashboard.client().get("/api/status", Host=host.format(port=dashboard.port))[0] == 421


def handshake(running: Served, *lines: str) -> bytes:
    head = (f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n")
    return raw(running, (head + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode(), seconds=0.3)


def test_the_socket_wants_a_session_and_our_origin(dashboard: Served) -> None:
    cookie, origin = f"Cookie: {dashboard.client().cookie}", f"Origin: http://127.0.0.1:{dashboard.port}"
    assert b" 101 " in handshake(dashboard, cookie, origin)
    for lines in ((origin,), (cookie,), (cookie, "Origin: http://evil.example"), ("Cookie: tomking=x", origin)):
        assert b" 101 " not in handshake(dashboard, *lines)


def test_no_frame_no_foreign_script_no_kept_copy(dashboard: Served) -> None:
    client = dashboard.client()
    client.get("/")
    assert "script-src 'self'" in client.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in client.headers["content-security-policy"] and "'unsafe" not in client.headers[
        "content-security-policy"]
    assert client.headers["x-frame-options"] == "DENY" and client.headers["x-content-type-options"] == "nosniff"
    client.get("/api/status")
    assert client.headers["cache-control"] == "no-store" and "access-control-allow-origin" not in client.headers
    assert "server" not in client.headers


def test_the_cookie_is_out_of_a_scripts_reach(dashboard: Served) -> None:
    client = dashboard.client(None)
    client.sign_in()
    assert all(word in client.headers["set-cookie"] for word in ("HttpOnly", "SameSite=Strict", "Path=/"))
    secure = guard.cookie_text(guard.Address(hosts=("a",), secure=True), "t")
    assert secure.startswith("__Host-tomking=t;") and secure.endswith("; Secure")


# --- files


@pytest.mark.parametrize("path", [
    "/page/../application.py", "/page/..%2fapplication.py", "/page/%2e%2e/%2e%2e/errors.py", "/page//etc/passwd",
    "/page/....//application.py", "/page/index.html%00.js", "/../../../etc/passwd", "/page/..\\application.py", "/static/x",
    "/docs", "/redoc", "/openapi.json", "/page/__pycache__"])
def test_no_path_leads_out_of_the_page(dashboard: Served, path: str) -> None:
    status, answer = dashboard.client().get(path)
    assert status == 404 and b"import" not in (answer if isinstance(answer, bytes) else json.dumps(answer).encode())


def test_a_link_in_the_store_is_not_followed(spoilt: Served, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    place = spoilt.store / RUN / "published" / "status.json"
    secret.write_text(place.read_text(encoding="utf-8"), encoding="utf-8")
    place.unlink()
    place.symlink_to(secret)
    (spoilt.store / RUN / "audit" / "20990101-0001.jsonl").symlink_to("/etc/passwd")
    until(lambda: "status" in spoilt.parts.hub.problems)
    assert "root:" not in json.dumps(spoilt.client().get("/api/audit")[1])


def test_a_folder_of_the_store_that_is_a_link_is_no_run(tmp_path: Path) -> None:
    with served(tmp_path / "real") as real:
        other = tmp_path / "other"
        (other / "storage").mkdir(parents=True)
        (other / "storage" / "paper").symlink_to(real.store / "paper")
        with served(other, store=other / "storage") as running:
            time.sleep(0.3)
            assert running.parts.hub.run is None


@pytest.mark.parametrize("content, says", [
    (b"", "torn"), (b"{}", "torn"), (b"\xff\xfe\x00", "JSON"), (b"[" * 100_000, "torn"), (b'{"checksum":"' + b"0" * 64 + b'",}', "torn"),
    (b" " * 3_000_000, "larger")], ids=["empty", "object", "bytes", "deep", "checksum", "large"])
def test_what_the_store_holds_instead_brings_nothing_down(spoilt: Served, content: bytes, says: str) -> None:
    (spoilt.store / RUN / "published" / "status.json").write_bytes(content)
    until(lambda: says in spoilt.parts.hub.problems.get("status", ""))
    status, answer = spoilt.client().get("/api/status")
    assert status == 200 and answer["body"]["positions"], "the last good one stays, and its age tells"


def test_a_pipe_in_the_store_does_not_hang_it(spoilt: Served) -> None:
    place = spoilt.store / RUN / "published" / "trades.json"
    place.unlink()
    os.mkfifo(place)
    until(lambda: "trades" in spoilt.parts.hub.problems)


def test_a_published_document_of_another_run_is_refused(spoilt: Served) -> None:
    from helpers.store.state_store import sealed
    place = spoilt.store / RUN / "published" / "status.json"
    found = {name: value for name, value in json.loads(place.read_text(encoding="utf-8")).items() if name != "checksum"}
    place.write_text(sealed(found | {"owner": "live/main/tom-king"}), encoding="utf-8")
    until(lambda: "another run" in spoilt.parts.hub.problems.get("status", ""))


# --- large, slow, many


def test_a_body_that_is_too_large_is_not_read(dashboard: Served) -> None:
    assert dashboard.client().post("/api/halt", b"x" * 20_000)[0] == 413
    head = (f"POST /api/sign-in HTTP/1.1\r\nHost: 127.0.0.1:{dashboard.port}\r\nOrigin: http://127.0.0.1:{dashboard.port}\r\n"
            "Content-Type: application/json\r\n").encode()
    # without a body: a connection that is closed on unread bytes is reset, and the answer may be lost on its way
    assert raw(dashboard, head + b"Content-Length: -1\r\n\r\n").split(b" ")[1] in (b"400", b"413")
    head += b"Transfer-Encoding: chunked\r\n\r\n"
    assert b" 413 " in raw(dashboard, head + b"4000\r\n" + b"x" * 0x4000 + b"\r\n" + b"4000\r\n" + b"x" * 0x4000 + b"\r\n", 3.0)


@pytest.mark.parametrize("path, length", [("/api/audit?words=", 3000), ("/", 3000), ("/", 60_000)])
def test_an_address_that_is_too_long_is_refused(dashboard: Served, path: str, length: int) -> None:
    assert dashboard.client().get(path + "x" * length)[0] == 414


def test_a_body_that_does_not_come_ends_the_request(dashboard: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.3)
    head = (f"POST /api/sign-in HTTP/1.1\r\nHost: 127.0.0.1:{dashboard.port}\r\nOrigin: http://127.0.0.1:{dashboard.port}\r\n"
            "Content-Type: application/json\r\nContent-Length: 40\r\n\r\n{").encode()
    assert b" 408 " in raw(dashboard, head)


def test_a_request_that_does_not_come_ends_the_connection(dashboard: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.3)
    assert raw(dashboard, b"GET / HTTP/1.1\r\nHost:") == b""


def test_two_hundred_slow_ones_keep_nobody_out(dashboard: Served) -> None:
    slow = [socket.create_connection(("127.0.0.1", dashboard.port)) for _ in range(200)]
    for wire in slow:
        wire.sendall(b"GET /api/status HTTP/1.1\r\n")
    assert dashboard.client().get("/api/status")[0] == 200
    for wire in slow:
        wire.close()


def test_more_than_a_hundred_a_minute_are_too_many(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        client = running.client()
        found = [client.get("/api/session")[0] for _ in range(110)]
        assert found.count(200) == 99 and set(found[99:]) == {429}
        assert client.get("/")[0] == 200, "the page itself is not counted"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "CONNECT"])
def test_other_methods_are_refused(dashboard: Served, method: str) -> None:
    assert dashboard.client().ask(method, "/api/halt")[0] in (400, 405)


def test_what_is_no_http_is_answered_and_closed(dashboard: Served) -> None:
    for data in (b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"\x00" * 4096):
        assert b" 400 " in raw(dashboard, data, 3.0)
    two = f"GET /api/status HTTP/1.1\r\nHost: 127.0.0.1:{dashboard.port}\r\nHost: evil.example\r\n\r\n".encode()
    assert b" 200 " not in raw(dashboard, two, 3.0)


# --- commands


def test_a_command_is_sent_once_whatever_is_sent_again(dashboard: Served) -> None:
    client = dashboard.client()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: client.post("/api/halt", HALT)[0], range(10)))
    assert set(found) == {202} and len(dashboard.sent()) == 1
    assert dashboard.sent()[0] == {"action": "halt", "reason": "lunch", "reference": "11111111-aaaa-1", "id": "11111111-aaaa-1"}
    assert client.post("/api/flatten", HALT | {"confirm": "FLATTEN"})[0] == 409, "the id is another command's"


def test_a_command_is_not_sent_again_after_a_restart(dashboard: Served) -> None:
    from operations.dashboard.channels import CommandFolder
    from operations.dashboard.commands import Commands
    assert dashboard.client().post("/api/halt", HALT)[0] == 202
    again = Commands(dashboard.home, CommandFolder(dashboard.commands), lambda: "now")
    assert again.send("halt", HALT, strategies=(), confirm=None)["state"] == "sent" and len(dashboard.sent()) == 1


@pytest.mark.parametrize("action", ["resume", "flatten", "liquidate", "accept", "emergency"])
@pytest.mark.parametrize("confirm", [None, "", "yes", "lower", "WRONG"])
def test_what_is_dangerous_wants_its_word(dashboard: Served, action: str, confirm: str | None) -> None:
    typed = action if confirm == "lower" else confirm
    assert dashboard.client().post(f"/api/{action}", {"id": "33333333-cccc", "confirm": typed})[0] == 428
    assert dashboard.sent() == []


@pytest.mark.parametrize("fields", [
    {"id": "x"}, {"id": "../../../../tmp/x"}, {"id": "a" * 65}, {"id": "11111111/aaaa"}, {"id": None},
    {"reason": "two\nlines"}, {"reason": "x" * 201}, {"reason": "\u0000"}, {"reason": {"a": 1}}, {"action": "liquidate"},
    {"$type": "QuantConnect.Commands.LiquidateCommand"}, {"reference": "other"}], ids=str)
def test_a_command_of_another_shape_is_refused(dashboard: Served, fields: dict[str, Any]) -> None:
    assert dashboard.client().post("/api/halt", HALT | fields)[0] == 422 and dashboard.sent() == []


@pytest.mark.parametrize("strategy", ["martingale", "lt112; halt", "../lt112", "", "LT112"])
def test_a_strategy_that_is_not_published_is_refused(dashboard: Served, strategy: str) -> None:
    body = {"id": "44444444-dddd", "confirm": "FLATTEN", "strategy": strategy}
    assert dashboard.client().post("/api/flatten", body)[0] == 422 and dashboard.sent() == []


def test_a_flood_of_commands_is_one_of_each(dashboard: Served) -> None:
    client = dashboard.client()
    found = [client.post("/api/halt", {"id": f"5555555{number:03d}"})[0] for number in range(60)]
    assert found[0] == 202 and set(found[1:]) == {409} and len(dashboard.sent()) == 1


def test_a_command_folder_that_is_gone_is_told(spoilt: Served) -> None:
    spoilt.commands.rmdir()
    status, answer = spoilt.client().post("/api/halt", HALT)
    assert status == 202 and answer["command"]["state"] == "failed" and "handed over" in answer["command"]["note"]


def test_a_command_that_lean_does_not_take_is_withdrawn(dashboard: Served) -> None:
    """It would be carried out when nobody expects it any more. One that was taken and not answered bars no other."""
    client, now = dashboard.client(), datetime.now(timezone.utc)
    commands = dashboard.parts.commands
    commands._clock = lambda: now.isoformat()
    sent = [client.post(f"/api/{action}", {"id": f"1111111{action}", "confirm": "FLATTEN"})[1]["command"] for action in ("halt", "flatten")]
    (dashboard.commands / f"command-{sent[0]['references'][0]}.json").unlink()
    now += timedelta(seconds=59)
    assert not commands.review() and len(dashboard.sent()) == 1
    now += timedelta(seconds=1)
    assert commands.review() and dashboard.sent() == []
    found = {row["action"]: (row["state"], row["note"][:12]) for row in client.get("/api/orders")[1]["commands"]}
    assert found == {"halt": ("sent", "LEAN took it"), "flatten": ("withdrawn", "LEAN did not")}
    assert client.post("/api/halt", HALT)[1]["command"]["state"] == "sent" and not commands.review()


def test_a_planted_file_is_not_written_through(dashboard: Served, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    (dashboard.commands / ".command-11111111-aaaa-1.json.part").symlink_to(victim)
    assert dashboard.client().post("/api/halt", HALT)[1]["command"]["state"] == "failed"
    assert victim.read_text(encoding="utf-8") == "precious"


# --- what is kept


def test_no_secret_is_kept_or_logged(dashboard: Served) -> None:
    client = dashboard.client()
    client.post("/api/sign-in", {"password": "a wrong secret"})
    client.get("/api/audit?words=quiet%20words")
    kept = "".join(path.read_text(encoding="utf-8") for path in dashboard.home.iterdir())
    token = client.cookie.split("=")[1]
    assert not any(secret in kept for secret in (PASSWORD, READERS, token, client.csrf, "a wrong secret", "quiet"))
    assert all(path.stat().st_mode & 0o077 == 0 for path in (dashboard.home, *dashboard.home.iterdir()))


def test_a_line_break_in_an_address_makes_no_line_in_the_log(dashboard: Served) -> None:
    dashboard.client(None).get("/api/x%0a%7b%22forged%22:1%7d")
    log = dashboard.home / "access.log"
    until(lambda: "forged" in log.read_text(encoding="utf-8"))
    assert all("forged" not in json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())


def test_another_address_needs_a_certificate() -> None:
    for host in ("0.0.0.0", "192.168.0.2", "::"):
        with pytest.raises(OperationsError, match="without --certificate"):
            server.Place(port=1, host=host)


def until(holds: Any, seconds: float = 20.0) -> None:
    """Wait for the watching to come round."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_client_of_these_tests_can_get_in(dashboard: Served) -> None:
    client: Client = dashboard.client()
    assert client.post("/api/halt", HALT)[0] == 202 and len(dashboard.sent()) == 1
    assert client.get("/api/orders")[1]["commands"][0]["state"] == "sent"
