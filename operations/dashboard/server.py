"""Runs the dashboard: on this machine's own address, or elsewhere with a certificate."""
from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from operations.dashboard.access_log import AccessLog
from operations.dashboard.application import Parts, make_application
from operations.dashboard.channels import Channel
from operations.dashboard.commands import Commands
from operations.dashboard.guard import REQUESTS_A_MINUTE, Address
from operations.dashboard.hub import Hub, now_text
from operations.dashboard.passwords import Passwords
from operations.errors import OperationsError
from operations.dashboard.sessions import Sessions
from operations.dashboard.store_reader import StoreReader

LOCAL = "127.0.0.1"
HEADER_SECONDS, KEPT_ALIVE_SECONDS, LARGEST_WORD = 10, 15, 4_096


class PatientForAWhile(H11Protocol):
    """HTTP of uvicorn that closes a connection whose first request does not come in time."""

    def connection_made(self, transport: Any) -> None:
        """Begin to wait."""
        super().connection_made(transport)
        self.loop.call_later(HEADER_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None and self.transport.get_protocol() is self and not self.transport.is_closing():
            self.transport.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the server listens. Without a certificate that is this machine's own address.

    Raises
    ------
    OperationsError
        Another address without a certificate, or one half of a certificate.
    """

    port: int
    host: str = LOCAL
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise OperationsError("a certificate needs its key, and the key its certificate")
        if self.certificate is None and self.host != LOCAL:
            raise OperationsError(f"without --certificate and --key the dashboard listens on {LOCAL} alone")
        if self.certificate is not None:
            try:
                ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self.certificate, self.key)
            except (OSError, ssl.SSLError) as error:
                raise OperationsError(f"the certificate cannot be used: {error}") from error

    @property
    def address(self) -> Address:
        """Hosts and origins that are ours."""
        names = (LOCAL, "localhost") if self.host == LOCAL else (self.host,)
        usual = 443 if self.certificate else 80
        hosts = tuple(f"{name}:{self.port}" for name in names)
        return Address(hosts=hosts + (names if self.port == usual else ()), secure=self.certificate is not None)


def make_parts(*, store: Path, home: Path, place: Place, channel: Channel | None, run: str | None,
               requests_a_minute: int = REQUESTS_A_MINUTE) -> Parts:
    """Wire the server.

    Parameters
    ----------
    store, home : Path
        The ObjectStore's folder; the dashboard's own private one.
    run : str or None
        The run to show, ``paper/main``; None for the one that wrote last.

    Raises
    ------
    OperationsError
        The store is no folder, or no password is set.
    """
    if not store.is_dir():
        raise OperationsError(f"{store} is no folder: name the ObjectStore's, storage/ of the workspace")
    passwords = Passwords(home, time.time)
    if not passwords.are_set:
        raise OperationsError("no password is set: python -m local dashboard --set-password")
    reader, commands = StoreReader(store), Commands(home, channel, now_text)
    return Parts(reader=reader, hub=Hub(reader, commands, run), commands=commands, passwords=passwords,
                 sessions=Sessions(time.monotonic), address=place.address, log=AccessLog(home),
                 requests_a_minute=requests_a_minute)


async def serve(parts: Parts, place: Place) -> None:
    """Serve until the process is told to end."""
    application = make_application(parts)
    server = uvicorn.Server(uvicorn.Config(
        application, host=place.host, port=place.port, http=PatientForAWhile, ws="auto", lifespan="off",
        log_level="warning", access_log=False, server_header=False, date_header=True, proxy_headers=False,
        timeout_keep_alive=KEPT_ALIVE_SECONDS, ws_max_size=LARGEST_WORD,
        ws_per_message_deflate=False,       # only what has changed is sent
        ssl_certfile=None if place.certificate is None else str(place.certificate),
        ssl_keyfile=None if place.key is None else str(place.key)))
    watching = asyncio.ensure_future(parts.hub.watch())
    try:
        await server.serve()
    finally:
        watching.cancel()
        parts.log.close()
