"""A region on Redis over this project's core in Python: drives its flow against the scripts that the
Rust backend sends beside Python.

Thin: it renews no lease, reads no epochs, and looks every 20 ms where it would be rung.
"""

import json
import secrets
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

import redis

from asked import Found

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "model-tests" / "ports" / "python"))

from dogpile_port import freshness, record  # noqa: E402
from dogpile_port.cached_value import FIRST_EPOCH, NO_STAMP, Entry, Epochs, Metadata  # noqa: E402
from dogpile_port.flow import Flow  # noqa: E402
from dogpile_port.freshness import Policy  # noqa: E402
from dogpile_port.time import END  # noqa: E402

OURS = "d09b11e0"  # what our tokens begin with
LOOK_EVERY = 0.02
DEADLINE = 60.0


class Trouble(Exception):
    """Why a call has no value."""


class Held(NamedTuple):
    token: str
    seen: bytes  # what a commit finds there, or nothing is stored


class Flight:
    """Who creates in this process, and those who wait for it. Guarded by the region's condition."""

    def __init__(self) -> None:
        self.begun = 0.0
        self.waiting = 0
        self.free = False  # for one of those who wait
        self.over = False
        self.failed = False
        self.outcome: Optional[Entry] = None
        self.committed = False


class Port:
    def __init__(self, url: str, fresh: float, lease: float) -> None:
        self.policy = Policy(int(fresh * 1e9), END, 10**9)
        self.lease_ms = int(lease * 1000)
        self.redis = redis.Redis.from_url(url)
        self.flights: dict[str, Flight] = {}
        self.changed = threading.Condition()
        scripts = ROOT / "backends" / "redis" / "src" / "scripts"
        load = lambda name: self.redis.register_script((scripts / name).read_text())  # noqa: E731
        self.lease, self.commit = load("python/lease.lua"), load("python/commit.lua")
        self.put, self.remove = load("python/set.lua"), load("python/delete.lua")
        self.release = load("release.lua")
        self.redis.ping()

    def get_or_create(self, key: str, create: Callable[[], Any]) -> Any:
        return _Call(self, key, create).drive()

    def set(self, key: str, value: Any) -> None:
        written = record.encode(made(value, int(token(), 16)))
        self.put(keys=keys(key), args=[written, "", channel(key)])

    def delete(self, key: str) -> None:
        self.remove(keys=keys(key), args=[channel(key)])

    def read(self, key: str) -> Found:
        entry = understood(self.redis.get(key))
        if entry is None:
            return Found(None, None, None)
        created = entry.metadata.created
        age = (time.time_ns() - created) / 1e9
        return Found(json.loads(entry.payload), created / 1e9, age)

    def judge(self, entry: Optional[Entry]) -> str:
        if entry is None:
            return freshness.MISS
        return self.policy.judge(entry.metadata, Epochs(FIRST_EPOCH, FIRST_EPOCH), time.time_ns())


def keys(key: str) -> list[str]:
    return [key, "_lock" + key]


def channel(key: str) -> str:
    return "dogpile:w:{" + key + "}"


def token() -> str:
    return OURS + secrets.token_hex(12)


def made(value: Any, stamp: int) -> Entry:
    payload = json.dumps(value).encode()
    return Entry(Metadata(stamp, FIRST_EPOCH, time.time_ns()), 0, payload)


def understood(found: Optional[bytes]) -> Optional[Entry]:
    """What cannot be read is a miss."""
    if not found:
        return None
    try:
        entry = record.decode(found)
        json.loads(entry.payload)
    except (record.Unreadable, ValueError):
        return None
    return entry


def header(value: bytes) -> bytes:
    return value[: value.find(b"|") + 1] or value


def witness(value: Optional[bytes]) -> bytes:
    """What of a value a commit compares: the header, where it holds a stamp of ours."""
    entry = understood(value)
    ours = entry is not None and f"{entry.metadata.stamp:032x}".startswith(OURS)
    return header(value) if ours else value or b""


class _Call:
    """What one call knows and holds. It decides nothing: the flow does."""

    def __init__(self, region: Port, key: str, create: Callable[[], Any]) -> None:
        self.region, self.key, self.create = region, key, create
        self.started = time.monotonic()
        self.flight: Optional[Flight] = None
        self.held: Optional[Held] = None
        self.at_hand: Optional[Entry] = None
        self.found: Optional[Entry] = None
        self.committed = False
        self.failure: Optional[Exception] = None

    def drive(self) -> Any:
        flow, action = Flow.start(frozenset({"stale_if_error"}))
        while not action.startswith("Return"):
            flow, action = flow.step(self._carry_out(action))
        kind, _, what = action.removeprefix("Return(").rstrip(")").partition("(")
        if kind != "Value":
            raise self.failure or Trouble(what)
        entry = self.at_hand if what in ("Stale", "StaleOnError") else self.found
        return json.loads(entry.payload)

    def _carry_out(self, action: str) -> str:
        match action:
            case "Look":
                return self._look()
            case "Claim(supersede: false)":
                return self._claim()
            case "Lease(supersede: false)":
                return self._take_lease()
            case "Wait(delegate: false)":
                return self._follow()
            case "Wait(delegate: true)":
                return self._sleep()
            case "Create":
                return self._create()
            case "Commit(store: true)":
                return self._commit()
            case "HandOver":
                return self._hand_over()
            case "Leave":
                return "Done"
            case _ if action.startswith("Release"):
                return self._settle(failed="Failed" in action)
        raise NotImplementedError(f"nobody here asks to {action}")

    def _look(self) -> str:
        entry = understood(self.region.redis.get(self.key))
        verdict = self.region.judge(entry)
        if verdict == freshness.STALE:
            self.at_hand = entry
        if verdict == freshness.FRESH:
            self.found = entry
        return f"Looked({verdict})"

    def _claim(self) -> str:
        with self.region.changed:
            under_way = self.region.flights.get(self.key)
            self.flight = under_way or Flight()
            self.region.flights[self.key] = self.flight
        return "Claimed(Joined)" if under_way else "Claimed(Won)"

    def _take_lease(self) -> str:
        asked, known = token(), ""
        if self.at_hand is not None and self.at_hand.metadata.stamp != NO_STAMP:
            known = f'"st": "{self.at_hand.metadata.stamp:032x}"'
        while True:
            args = [asked, self.region.lease_ms, "", known, ""]
            word, value, *_ = self.region.lease(keys=keys(self.key), args=args)
            if word == b"won":
                self.held = Held(asked, witness(value))
                return "Leased(Won(fresh_seen: false))"
            if word == b"lost":
                return "Leased(Lost)"
            entry = understood(value)
            if self.region.judge(entry) == freshness.FRESH:
                self.found, self.committed = entry, True
                return "Leased(Won(fresh_seen: true))"
            known = header(value)

    def _follow(self) -> str:
        flight = self.flight
        with self.region.changed:
            flight.waiting += 1
            left = DEADLINE - (time.monotonic() - self.started)
            self.region.changed.wait_for(lambda: flight.over or flight.free, max(left, 0))
            flight.waiting -= 1
            if flight.over:
                return self._told(flight)
            if flight.free:
                flight.free = False
                return "Woke(Heir)"
        return "Woke(Deadline)"

    def _told(self, flight: Flight) -> str:
        if flight.failed:
            return "Woke(Error)"
        if flight.outcome is None:
            return "Woke(Superseded)"  # it was left
        self.found = flight.outcome
        after_me = str(flight.begun > self.started).lower()
        committed = str(flight.committed).lower()
        return f"Woke(Value(committed: {committed}, began_after_me: {after_me}))"

    def _sleep(self) -> str:
        if time.monotonic() - self.started >= DEADLINE:
            return "Woke(Deadline)"
        time.sleep(LOOK_EVERY)
        return "Woke(LookAgain)"

    def _create(self) -> str:
        self.flight.begun = time.monotonic()
        try:
            value = self.create()
        except Exception as cause:
            self.failure = cause
            return "Created(Err)"
        self.found = made(value, int(self.held.token, 16))
        return "Created(Ok)"

    def _commit(self) -> str:
        args = [self.held.token, record.encode(self.found), "", channel(self.key), self.held.seen]
        stored = self.region.commit(keys=keys(self.key), args=args)
        self.held, self.committed = None, bool(stored)
        return "Committed(Stored)" if stored else "Committed(Refused)"

    def _settle(self, failed: bool) -> str:
        self._give_back(failed)
        with self.region.changed:
            self.flight.failed = failed
            self.flight.outcome = None if failed else self.found
            self.flight.committed = self.committed
            self._end()
        return "Done"

    def _hand_over(self) -> str:
        self._give_back(False)
        with self.region.changed:
            if self.flight.waiting:
                self.flight.free = True
                self.region.changed.notify_all()
            else:
                self._end()
        return "Done"

    def _give_back(self, failed: bool) -> None:
        if self.held is not None:
            how = "failed" if failed else "changed"
            args = [self.held.token, how, channel(self.key)]
            self.region.release(keys=keys(self.key)[1:], args=args)
            self.held = None

    def _end(self) -> None:
        self.flight.over = True
        if self.region.flights.get(self.key) is self.flight:
            del self.region.flights[self.key]
        self.region.changed.notify_all()
