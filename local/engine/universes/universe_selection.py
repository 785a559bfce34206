"""Universes: what lets securities into the feed and out again, by LEAN's rules."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from local.engine.loop.clock import ONE_TICK
from local.engine.market.feed import Feed, SubscriptionRequest
from local.engine.market.security import Security
from local.engine.market.security_changes import SecurityChanges
from local.engine.market.symbol import Symbol
from local.engine.time_zones import ONE_DAY

_NO_TIME = timedelta(0)
_ROUNDINGS = (ONE_DAY, timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))


class Universe:
    """Keeps securities in the feed: a selection lets members in, and out again once they stayed long enough.

    Attributes
    ----------
    sort_key
        Universes that are due together select in this order: by resolution, then by identifier.
    minimum_stay
        Time a member stays at least; a day means more than half a day, as LEAN rounds.
    selection_changed
        Called with the symbols of each selection that differs from the one before.
    """

    minimum_stay = ONE_DAY

    def __init__(self, sort_key: tuple[int, str]) -> None:
        self.sort_key = sort_key
        self.members: dict[Symbol, datetime] = {}
        self.internal_members: set[Symbol] = set()
        self.selected: dict[Symbol, None] = {}
        self.selection_changed: list[Callable[[list[Symbol]], None]] = []
        self.is_disposed = False
        self._has_selected = False

    @property
    def next_time(self) -> datetime | None:
        """Naive UTC time of the next selection, None when none is planned."""
        return None

    def start(self) -> None:
        """Plans the selections from now on."""

    def advance(self, utc: datetime) -> None:
        """Moves past the selections planned up to an instant."""

    def wanted(self, utc: datetime) -> Iterable[Symbol]:
        """Symbols of a selection."""
        raise NotImplementedError

    def requests(self, security: Security) -> list[SubscriptionRequest]:
        """Streams of a member."""
        raise NotImplementedError

    def perform(self, utc: datetime) -> bool:
        """Selects; whether the selection differs from the one before."""
        selected = {} if self.is_disposed else dict.fromkeys(self.wanted(utc))
        if self._has_selected and not self.is_disposed and selected.keys() == self.selected.keys():
            return False
        self.selected, self._has_selected = selected, True
        for handler in self.selection_changed:
            handler(list(selected))
        return True

    def can_leave(self, symbol: Symbol, utc: datetime, security: Security) -> bool:
        """Whether a member has been in for long enough, or must go."""
        if self.is_disposed or security.is_delisted or self.minimum_stay == _NO_TIME:
            return True
        step = next((rounding for rounding in _ROUNDINGS if self.minimum_stay >= rounding), None)
        stayed = utc - self.members[symbol]
        return stayed >= self.minimum_stay if step is None else round(stayed / step) * step >= self.minimum_stay


class UserUniverse(Universe):
    """The securities of one kind that were added by hand; option contracts bring their underlyings."""

    def __init__(self, sort_key: tuple[int, str], is_of_contracts: bool) -> None:
        super().__init__(sort_key)
        self.is_of_contracts = is_of_contracts
        self.minimum_stay = ONE_DAY if is_of_contracts else _NO_TIME
        self.requested: dict[Symbol, list[SubscriptionRequest]] = {}

    def wanted(self, utc: datetime) -> Iterable[Symbol]:
        """All symbols that were added and not removed."""
        return list(self.requested)

    def requests(self, security: Security) -> list[SubscriptionRequest]:
        """What was asked for."""
        return self.requested.get(security.symbol, [])

    def add(self, request: SubscriptionRequest) -> bool:
        """Wants a security; whether that is new."""
        symbol = request.security.symbol
        requests = self.requested.setdefault(symbol, [])
        if any(r.resolution == request.resolution for r in requests):
            return False
        requests.append(request)
        if self.is_of_contracts and symbol.underlying not in self.requested:
            self.requested[symbol.underlying] = []
        return True

    def drop(self, symbol: Symbol) -> bool:
        """No longer wants a security, nor an underlying nobody else wants; whether it was wanted."""
        if self.requested.pop(symbol, None) is None:
            return False
        if self.is_of_contracts and symbol.security_type.is_option():
            if not any(s.security_type.is_option() and s.underlying == symbol.underlying for s in self.requested):
                self.requested.pop(symbol.underlying, None)
        return True


class UniverseSelection:
    """All universes of a run and the selections that are due."""

    def __init__(self, feed: Feed, is_held: Callable[[Symbol], bool]) -> None:
        self._feed, self._is_held = feed, is_held
        self._users: dict[tuple[str, str, str], UserUniverse] = {}
        self._planned: list[Universe] = []
        self._waiting: list[tuple[Universe, Symbol]] = []
        self._due_now: list[Universe] = []
        self._due_next_tick: list[Universe] = []
        self._unseen = 0

    # hand-added securities --------------------------------------------------------------------------------------
    def _user_universe(self, symbol: Symbol, rank: int) -> UserUniverse:
        is_option = symbol.security_type.is_option()
        kind = symbol.underlying.security_type if is_option else symbol.security_type
        key = ("contracts" if is_option else "securities", symbol.id.market, kind.name)
        if key not in self._users:
            self._users[key] = UserUniverse((rank, "-".join(("qc-universe", *key))), is_option)
        return self._users[key]

    def add(self, request: SubscriptionRequest) -> None:
        """Wants a security from the next tick on."""
        universe = self._user_universe(request.security.symbol, int(request.resolution))
        if universe.add(request):
            self._plan(universe, self._due_next_tick)

    def remove(self, symbol: Symbol) -> None:
        """No longer wants a security."""
        for universe in self._users.values():
            if symbol in universe.members and universe.drop(symbol):
                self._plan(universe, self._due_now)

    def _plan(self, universe: Universe, when: list[Universe]) -> None:
        if universe not in self._due_now and universe not in self._due_next_tick:
            when.append(universe)

    # universes with a plan of their own -------------------------------------------------------------------------
    @property
    def planned(self) -> list[Universe]:
        """Universes that select by a plan."""
        return list(self._planned)

    def add_planned(self, universe: Universe) -> None:
        """Adds a universe that selects by a plan."""
        if universe not in self._planned:
            self._planned.append(universe)
            universe.start()

    def dispose(self, universe: Universe) -> None:
        """Lets a universe go: all its members leave with a last selection."""
        if universe in self._planned:
            universe.is_disposed = True
            self._planned.remove(universe)
            self._plan(universe, self._due_now)

    # when -------------------------------------------------------------------------------------------------------
    def due_time(self, utc: datetime) -> datetime | None:
        """When a selection must come at once or a tick later, None when the next one is planned for later."""
        if self._due_now or any(t is not None and t <= utc for t in self._planned_times()):
            return utc
        return utc + ONE_TICK if self._due_next_tick else None

    def _planned_times(self) -> list[datetime | None]:
        return [universe.next_time for universe in self._planned]

    def next_planned(self) -> datetime | None:
        """Naive UTC time of the next planned selection."""
        return min((t for t in self._planned_times() if t is not None), default=None)

    def take_due(self, utc: datetime, *, next_tick: bool) -> list[Universe]:
        """The universes that select at an instant, in order."""
        due = [u for u in self._planned if u.next_time is not None and u.next_time <= utc]
        for universe in due:
            universe.advance(utc)
        due += self._due_now
        self._due_now = []
        if next_tick:
            due += self._due_next_tick
            self._due_next_tick = []
        return sorted(due, key=lambda universe: universe.sort_key)

    # selecting --------------------------------------------------------------------------------------------------
    def select(self, universes: list[Universe], utc: datetime) -> SecurityChanges | None:
        """Lets unwanted members go and wanted ones in; what came and went."""
        removed: list[Security] = []
        added: list[tuple[Security, bool]] = []
        self._unseen = 0
        for universe in universes:
            has_changed = universe.perform(utc)
            self._release_waiting(universe, utc)
            if not has_changed:
                continue
            leaving = [symbol for symbol in universe.members if symbol not in universe.selected]
            for symbol in sorted(leaving, key=lambda s: (int(s.security_type), str(s.id))):
                self._let_go(universe, symbol, utc, removed)
            for symbol in universe.selected:
                self._let_in(universe, symbol, utc, added)
        self._feed.rebuild()
        for security, _ in sorted(added, key=lambda pair: pair[0].symbol.value):
            self._feed.securities.list_security(security.symbol, security)
        visible = [security for security, is_internal in added if not is_internal]
        both = {security.symbol for security in visible} & {security.symbol for security in removed}
        changes = SecurityChanges([s for s in visible if s.symbol not in both], [s for s in removed if s.symbol not in both],
                                  self._unseen + len(added) - len(visible))
        return changes if changes.count else None

    def _let_in(self, universe: Universe, symbol: Symbol, utc: datetime, added: list[tuple[Security, bool]]) -> None:
        if symbol in universe.members and not isinstance(universe, UserUniverse):
            return
        create, is_option = self._feed.create_security, symbol.security_type.is_option()
        underlying = create(symbol.underlying, is_named=False) if is_option else None
        security = create(symbol, underlying, is_named=is_option)
        requests = universe.requests(security)
        came = [request for request in requests if self._feed.subscribe(request, utc, universe)]
        if symbol in universe.members:
            return
        universe.members[symbol] = utc
        is_internal = bool(requests) and all(request.is_internal for request in requests)
        if is_internal:
            universe.internal_members.add(symbol)
        if came:
            added.append((security, is_internal))
            if not is_internal:
                security.is_tradable = security.can_be_traded

    def _let_go(self, universe: Universe, symbol: Symbol, utc: datetime, removed: list[Security]) -> None:
        security = self._feed.securities[symbol]
        if not universe.can_leave(symbol, utc, security):
            return
        is_waiting = any(waiting == symbol for _, waiting in self._waiting)
        if symbol in universe.internal_members:
            self._unseen += 1
        elif not (security.is_delisted or is_waiting):
            removed.append(security)
        if not self._must_stay(universe, symbol):
            self._remove_member(universe, symbol)
        elif (universe, symbol) not in self._waiting:
            self._waiting.append((universe, symbol))

    def _must_stay(self, universe: Universe, symbol: Symbol) -> bool:
        return self._is_held(symbol) or any(
            member.underlying == symbol and self._is_held(member) for member in universe.members if member != symbol)

    def _release_waiting(self, current: Universe, utc: datetime) -> None:
        for universe, symbol in list(self._waiting):
            if not self._must_stay(universe, symbol):
                self._waiting.remove((universe, symbol))
                if symbol not in universe.selected:
                    self._remove_member(universe, symbol)
            elif universe is current and symbol in universe.selected:
                self._waiting.remove((universe, symbol))

    def _is_elsewhere(self, universe: Universe, symbol: Symbol) -> bool:
        return any(symbol in other.members for other in (*self._users.values(), *self._planned) if other is not universe)

    def _remove_member(self, universe: Universe, symbol: Symbol) -> None:
        universe.members.pop(symbol, None)
        universe.internal_members.discard(symbol)
        is_elsewhere = self._is_elsewhere(universe, symbol)
        self._feed.release(symbol, universe, clear_cache=not is_elsewhere)
        if not is_elsewhere:
            self._feed.securities[symbol].reset()
            self._feed.securities.remove(symbol)

    def is_waiting(self, symbol: Symbol) -> bool:
        """Whether a security left but is kept for its holding or orders."""
        return any(waiting == symbol for _, waiting in self._waiting)

    def is_out_of_sight(self, symbol: Symbol) -> bool:
        """Whether a security is only there for the engine's own use."""
        holders = [universe for universe in (*self._users.values(), *self._planned) if symbol in universe.members]
        return bool(holders) and all(symbol in universe.internal_members for universe in holders)

    def forget(self, symbol: Symbol) -> None:
        """Drops a delisted security."""
        for user in self._users.values():
            user.requested.pop(symbol, None)
        for universe in (*self._users.values(), *self._planned):
            universe.members.pop(symbol, None)
