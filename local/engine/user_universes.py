"""Securities added and removed by hand: when they enter and leave the feed, as LEAN's user-defined universes rule."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from local.engine.feed import Feed, SubscriptionRequest
from local.engine.security import Security
from local.engine.security_changes import SecurityChanges
from local.engine.symbol import Symbol

_HALF_A_DAY = timedelta(hours=12)
UniverseKey = tuple[str, str, str]


class UserUniverse:
    """The securities of one kind that were added by hand.

    A member leaves when a selection finds it no longer wanted. Option contracts (and the underlyings added with them)
    stay for a day, rounded: a contract that was added less than half a day ago is not removed then, but by the first
    selection of the universe after that.
    """

    def __init__(self, is_of_contracts: bool) -> None:
        self.is_of_contracts = is_of_contracts
        self.wanted: dict[Symbol, list[SubscriptionRequest]] = {}
        self.members: dict[Symbol, datetime] = {}

    def can_leave(self, symbol: Symbol, utc: datetime, security: Security) -> bool:
        """Whether a member has been in for long enough, or is delisted."""
        return security.is_delisted or not self.is_of_contracts or utc - self.members[symbol] > _HALF_A_DAY


class UserUniverses:
    """All user-defined universes of a run and the selections that are due."""

    def __init__(self, feed: Feed, is_held: Callable[[Symbol], bool]) -> None:
        self._feed, self._is_held = feed, is_held
        self._universes: dict[UniverseKey, UserUniverse] = {}
        self._waiting: list[tuple[UserUniverse, Symbol]] = []
        self.due_now: list[UserUniverse] = []
        self.due_next_tick: list[UserUniverse] = []

    @staticmethod
    def _key(symbol: Symbol) -> UniverseKey:
        if symbol.security_type.is_option():
            return "contracts", symbol.id.market, symbol.underlying.security_type.name
        return "securities", symbol.id.market, symbol.security_type.name

    def _universe(self, symbol: Symbol) -> UserUniverse:
        return self._universes.setdefault(self._key(symbol), UserUniverse(symbol.security_type.is_option()))

    def add(self, request: SubscriptionRequest) -> None:
        """Wants a security from the next tick on."""
        symbol = request.security.symbol
        universe = self._universe(symbol)
        requests = universe.wanted.setdefault(symbol, [])
        if any(r.resolution == request.resolution for r in requests):
            return
        requests.append(request)
        if universe.is_of_contracts and symbol.underlying not in universe.wanted:
            universe.wanted[symbol.underlying] = []
        self._plan(universe, self.due_next_tick)

    def remove(self, symbol: Symbol) -> None:
        """No longer wants a security."""
        for universe in self._universes.values():
            if symbol in universe.members and universe.wanted.pop(symbol, None) is not None:
                if universe.is_of_contracts and symbol.security_type.is_option():
                    self._drop_lonely_underlying(universe, symbol.underlying)
                self._plan(universe, self.due_now)

    @staticmethod
    def _drop_lonely_underlying(universe: UserUniverse, underlying: Symbol) -> None:
        if not any(s.security_type.is_option() and s.underlying == underlying for s in universe.wanted):
            universe.wanted.pop(underlying, None)

    def _plan(self, universe: UserUniverse, when: list[UserUniverse]) -> None:
        if universe not in self.due_now and universe not in self.due_next_tick:
            when.append(universe)

    def select(self, universes: list[UserUniverse], utc: datetime) -> SecurityChanges | None:
        """Lets unwanted members go and wanted ones in; what came and went."""
        removed: list[Security] = []
        added: list[Security] = []
        self._release_waiting(utc)
        for universe in universes:
            for symbol in [s for s in universe.members if s not in universe.wanted]:
                self._let_go(universe, symbol, utc, removed)
            for symbol, requests in universe.wanted.items():
                came = [request.security for request in requests if self._feed.subscribe(request, utc)]
                if symbol not in universe.members:
                    universe.members[symbol] = utc
                    added += came[:1]
        self._feed.rebuild()
        return SecurityChanges(added, removed) if added or removed else None

    def _let_go(self, universe: UserUniverse, symbol: Symbol, utc: datetime, removed: list[Security]) -> None:
        security = self._feed.securities[symbol]
        if not universe.can_leave(symbol, utc, security):
            return
        if not security.is_delisted and (universe, symbol) not in self._waiting and not self._is_elsewhere(universe, symbol):
            removed.append(security)
        if self._is_held(symbol):
            if (universe, symbol) not in self._waiting:
                self._waiting.append((universe, symbol))
        else:
            self._remove_member(universe, symbol)

    def _release_waiting(self, utc: datetime) -> None:
        for universe, symbol in list(self._waiting):
            if symbol in universe.wanted:
                self._waiting.remove((universe, symbol))
            elif not self._is_held(symbol):
                self._waiting.remove((universe, symbol))
                self._remove_member(universe, symbol)

    def _is_elsewhere(self, universe: UserUniverse, symbol: Symbol) -> bool:
        return any(symbol in other.members for other in self._universes.values() if other is not universe)

    def _remove_member(self, universe: UserUniverse, symbol: Symbol) -> None:
        universe.members.pop(symbol, None)
        if self._is_elsewhere(universe, symbol):
            return
        self._feed.unsubscribe(symbol, clear_cache=True)
        self._feed.securities.remove(symbol)

    def forget(self, symbol: Symbol) -> None:
        """Drops a delisted security."""
        for universe in self._universes.values():
            universe.members.pop(symbol, None)
            universe.wanted.pop(symbol, None)
