"""Sessions: who is signed in. A token is a random secret in a cookie; the server keeps its hash alone.

A session ends after four hours whatever happens in it. Its token is renewed each hour: from then on the old one counts for
ten seconds more, for requests that were on their way, and after that whoever shows it has stolen it or kept it: the whole
session ends.
"""
from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

SESSION_SECONDS, RENEWED_SECONDS, GRACE_SECONDS, TOKEN_BYTES, MOST_SESSIONS = 4 * 3600, 3600, 10, 32, 20


@dataclass(slots=True)
class Session:
    """One signed-in browser. ``csrf`` is what its page must send with every command."""

    role: str
    begun: float
    token_hash: str
    renewed: float
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES))
    replaced_hash: str = ""
    replaced: float = 0.0

    @property
    def ends(self) -> float:
        """When it is over."""
        return self.begun + SESSION_SECONDS


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8")).hexdigest()


class Sessions:
    """All sessions of this server; they end with its process.

    Parameters
    ----------
    clock : callable
        Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sessions: list[Session] = []

    def begin(self, role: str) -> tuple[Session, str]:
        """A new session and its token. Of too many, the oldest ends."""
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self._clock()
        session = Session(role, now, _digest(token), now)
        self._sessions = [*self._living(), session][-MOST_SESSIONS:]
        return session, token

    def of(self, token: str | None, *, renews: bool = True) -> tuple[Session, str | None] | None:
        """The session of a token, and the token that takes its place when it is due and this ``renews``; None for no
        session's."""
        if not token:
            return None
        digest, now = _digest(token), self._clock()
        for session in self._living():
            if hmac.compare_digest(session.token_hash, digest):
                return session, self._renew(session, now) if renews else None
            if session.replaced_hash and hmac.compare_digest(session.replaced_hash, digest):
                if now - session.replaced <= GRACE_SECONDS:
                    return session, None
                self.end(session)       # a token that was replaced comes back: somebody else has it
                return None
        return None

    def lives(self, session: Session) -> bool:
        """Whether a session has not ended."""
        return any(session is living for living in self._living())

    def left(self, session: Session) -> float:
        """Seconds until it ends."""
        return max(0.0, session.ends - self._clock())

    def end(self, session: Session) -> None:
        """Sign out."""
        self._sessions = [other for other in self._sessions if other is not session]

    def end_all(self) -> None:
        """Sign everybody out."""
        self._sessions = []

    def _living(self) -> list[Session]:
        now = self._clock()
        self._sessions = [session for session in self._sessions if now < session.ends]
        return self._sessions

    def _renew(self, session: Session, now: float) -> str | None:
        if now - session.renewed < RENEWED_SECONDS:
            return None
        token = secrets.token_urlsafe(TOKEN_BYTES)
        session.replaced_hash, session.replaced = session.token_hash, now
        session.token_hash, session.renewed = _digest(token), now
        return token
