"""A region in memory for one thread: drives the flow against a store, as every driver does.

With one thread nobody sleeps: whoever would wait for a creation under way is called by that very
creator, which is a cycle.
"""

from itertools import count
from typing import Any, Callable, NamedTuple, Optional

from . import freshness
from .cached_value import Metadata
from .epochs import EpochCell
from .flow import Flow
from .freshness import Policy
from .time import after, from_secs, since

Creator = Callable[[], Any]


class CreatorFailed(Exception):
    """What a creator raises that has no value."""


class Stored(NamedTuple):
    value: Any
    metadata: Metadata


class Answer(NamedTuple):
    value: Any
    origin: str
    age: int


class Trouble(Exception):
    """Why a call has no value."""


class Region:
    def __init__(self, policy: Policy, stale_if_error: bool) -> None:
        self.policy, self.stale_if_error = policy, stale_if_error
        self.now = from_secs(3_600)
        self.epochs = EpochCell()
        self.store: dict[str, Stored] = {}
        self.leases: dict[str, int] = {}  # by key, the one stamp under which a commit is taken
        self.flights: dict[str, int] = {}  # by key, the call that creates
        self.numbers = count(1)  # calls and leases: never the same again

    def set(self, key: str, value: Any) -> None:
        """In one step with the value, whatever lease there was is void; then the flight ends."""
        metadata = Metadata(next(self.numbers), self.epochs.read().current(), self.now)
        self.store[key] = Stored(value, metadata)
        self._detach(key)

    def delete(self, key: str) -> None:
        self.store.pop(key, None)
        self._detach(key)

    def _detach(self, key: str) -> None:
        self.leases.pop(key, None)
        self.flights.pop(key, None)

    def get(self, key: str) -> Optional[Any]:
        stored = self.store.get(key)
        return stored.value if self.judge(stored) == freshness.FRESH else None

    def invalidate(self, how: str) -> None:
        raise_epoch = {"Hard": self.epochs.raise_hard, "Soft": self.epochs.raise_soft}[how]
        raise_epoch(self.now)

    def advance(self, span: int) -> None:
        self.now = after(self.now, span)

    def judge(self, stored: Optional[Stored]) -> str:
        if stored is None:
            return freshness.MISS
        return self.policy.judge(stored.metadata, self.epochs.read(), self.now)

    def create(self, key: str, creator: Creator) -> Answer:
        return _Call(self, key, creator).drive(set())

    def refresh(self, key: str, creator: Creator) -> Answer:
        return _Call(self, key, creator).drive({"refresh"})


class _Call:
    """What one call knows and holds. It decides nothing: the flow does."""

    def __init__(self, region: Region, key: str, creator: Creator) -> None:
        self.region, self.key, self.creator = region, key, creator
        self.number = next(region.numbers)
        self.lease: Optional[int] = None
        self.at_hand: Optional[Stored] = None
        self.found: Optional[Stored] = None
        self.epoch = 0

    def drive(self, wish: set[str]) -> Answer:
        if self.region.stale_if_error:
            wish = wish | {"stale_if_error"}
        flow, action = Flow.start(frozenset(wish))
        while not action.startswith("Return"):
            event = self._carry_out(action, "refresh" in wish)
            if event == "Created(Err)" and self._is_outdated():
                self.at_hand = None
                flow, _ = flow.step("Outdated")
            flow, action = flow.step(event)
        kind, _, what = action.removeprefix("Return(").rstrip(")").partition("(")
        if kind != "Value":
            raise Trouble(what)
        entry = self.at_hand if what in ("Stale", "StaleOnError") else self.found
        return Answer(entry.value, what, since(self.region.now, entry.metadata.created))

    def _carry_out(self, action: str, refresh: bool) -> str:
        match action:
            case "Look":
                return self._look()
            case "Claim(supersede: false)" if self.key in self.region.flights:
                return "Claimed(Joined)"
            case "Claim(supersede: false)" | "Claim(supersede: true)":
                self.region.flights[self.key] = self.number
                return "Claimed(Won)"
            case "Lease(supersede: false)" | "Lease(supersede: true)":
                return self._take_lease(refresh)
            case "Wait(delegate: false)":
                return "Woke(Cycle)"
            case "Create":
                return self._create()
            case "Commit(store: true)":
                return self._commit()
            case "Leave":
                return "Done"
            case _ if action == "HandOver" or action.startswith("Release"):
                return self._give_back()
        raise NotImplementedError(f"one thread is never asked to {action}")

    def _look(self) -> str:
        stored = self.region.store.get(self.key)
        verdict = self.region.judge(stored)
        if verdict == freshness.STALE:
            self.at_hand = stored
        if verdict == freshness.FRESH:
            self.found = stored
        return f"Looked({verdict})"

    def _take_lease(self, refresh: bool) -> str:
        stored = self.region.store.get(self.key)
        if not refresh and self.region.judge(stored) == freshness.FRESH:
            self.found = stored
            return "Leased(Won(fresh_seen: true))"
        if not refresh and self.key in self.region.leases:
            return "Leased(Lost)"
        self.lease = self.region.leases[self.key] = next(self.region.numbers)
        return "Leased(Won(fresh_seen: false))"

    def _create(self) -> str:
        self.epoch = self.region.epochs.read().current()  # before the creator begins
        try:
            value = self.creator()
        except CreatorFailed:
            return "Created(Err)"
        metadata = Metadata(next(self.region.numbers), self.epoch, self.region.now)
        self.found = Stored(value, metadata)
        return "Created(Ok)"

    def _is_outdated(self) -> bool:
        """Whether the value at hand may not be served any more, or its key was set or deleted meanwhile."""
        if self.at_hand is None:
            return False
        written = self.region.flights.get(self.key) != self.number
        return written or self.region.judge(self.at_hand) == freshness.MISS

    def _commit(self) -> str:
        """The store decides: only the lease that it knows stores."""
        if self.region.leases.get(self.key) != self.lease:
            return "Committed(Refused)"
        del self.region.leases[self.key]
        self.region.store[self.key] = self.found
        # Stored, but from before an invalidation: nobody will use it.
        late = self.epoch < self.region.epochs.hard
        return "Committed(Refused)" if late else "Committed(Stored)"

    def _give_back(self) -> str:
        if self.lease is not None and self.region.leases.get(self.key) == self.lease:
            del self.region.leases[self.key]
        if self.region.flights.get(self.key) == self.number:
            del self.region.flights[self.key]
        return "Done"
