"""One call's protocol as a table: for each state and event, the arms; the first that fits is taken.

An event and an action are spelled as in the vectors: `Leased(Won(fresh_seen: true))`.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple, Optional

Facts = frozenset[str]
"""What the call wishes (refresh, owned, patient, detached, stale_if_error, needs_store) and what it has
learned (stale, soft, store_failed, waited, superseded, given). What holds is in the set."""


class Go(NamedTuple):
    """Where an arm leads: an action, the state in which its answer is awaited, and, where something
    is given back first, the action that follows."""

    action: str
    state: str
    then: str = ""


def end(ending: str) -> Go:
    return Go(f"Return({ending})", "Over")


def value(origin: str) -> Go:
    return end(f"Value({origin})")


def trouble(kind: str) -> Go:
    return end(f"Trouble({kind})")


def first(action: str, then: Go) -> Go:
    """Gives something back by `action`, and goes on with `then`."""
    return Go(action, "Leaving" if action == "Leave" else "Parting", then.action)


def release(how: str, then: Go) -> Go:
    return first(f"Release({how})", then)


LOOK = Go("Look", "Looking")
CLAIM = Go("Claim(supersede: false)", "Claiming")
DETACH = Go("Detach(creation: false)", "Detaching")
GIVE = Go("Detach(creation: true)", "Giving")
LEASE = Go("Lease", "Leasing")  # with `supersede` as the call wishes
FOLLOW = Go("Wait(delegate: false)", "Following")
DELEGATE = Go("Wait(delegate: true)", "Delegating")
CREATE = Go("Create", "Creating")
STORE = Go("Commit(store: true)", "Storing")
STORE_NOTHING = Go("Commit(store: false)", "StoringNothing")
THEN = Go("then", "")  # what was put off
CANCELLED = end("Cancelled")


@dataclass(frozen=True)
class Arm:
    """In `state`, `event` leads to `go`, where every fact of `when` holds."""

    state: str
    event: str
    go: Go
    when: tuple[str, ...] = ()
    learn: tuple[str, ...] = ()  # `!` before one: is forgotten


def arm(state: str, event: str, go: Go, when: str = "", learn: str = "") -> Arm:
    return Arm(state, event, go, tuple(when.split()), tuple(learn.split()))


_KEPT, _NOT_KEPT = "Looked(Failed(kept: true))", "Looked(Failed(kept: false))"
_WON, _WON_FRESH = "Leased(Won(fresh_seen: false))", "Leased(Won(fresh_seen: true))"
_OLD, _NEW = "committed: false, began_after_me: false", "committed: false, began_after_me: true"
_STORED, _STORED_NEW = "committed: true, began_after_me: false", "committed: true, began_after_me: true"

ARMS: tuple[Arm, ...] = (
    arm("Looking", "Looked(Fresh)", value("Hit")),
    arm("Looking", "Looked(Stale)", CLAIM, when="patient", learn="stale soft !store_failed"),
    arm("Looking", "Looked(Stale)", value("Stale"), when="given"),
    arm("Looking", "Looked(Stale)", CLAIM, learn="stale !store_failed"),
    arm("Looking", "Looked(Due)", value("Stale"), when="given"),
    arm("Looking", "Looked(Due)", CLAIM, learn="stale !soft !store_failed"),
    arm("Looking", "Looked(Miss)", CLAIM, learn="!stale !soft !store_failed"),
    arm("Looking", _KEPT, value("Kept")),
    arm("Looking", _NOT_KEPT, trouble("Store"), when="needs_store"),
    arm("Looking", _NOT_KEPT, trouble("Store"), when="given"),
    arm("Looking", _NOT_KEPT, CLAIM, learn="!stale store_failed"),
    #
    arm("Claiming", "Claimed(Won)", GIVE, when="store_failed detached"),
    arm("Claiming", "Claimed(Won)", CREATE, when="store_failed"),
    arm("Claiming", "Claimed(Won)", LEASE, when="soft"),
    arm("Claiming", "Claimed(Won)", DETACH, when="stale owned"),
    arm("Claiming", "Claimed(Won)", LEASE),
    arm("Claiming", "Claimed(Joined)", FOLLOW, when="soft"),
    arm("Claiming", "Claimed(Joined)", value("Stale"), when="stale"),
    arm("Claiming", "Claimed(Joined)", FOLLOW),
    arm("Claiming", "Claimed(Changed)", LOOK),
    #
    arm("Detaching", "Detached(true)", value("Stale")),
    arm("Detaching", "Detached(false)", first("HandOver", value("Stale"))),
    #
    arm("Giving", "Detached(true)", FOLLOW, learn="given"),
    arm("Giving", "Detached(false)", first("HandOver", value("Stale")), when="stale"),
    arm("Giving", "Detached(false)", CREATE),
    #
    arm("Leasing", _WON_FRESH, CREATE, when="refresh"),
    arm("Leasing", _WON_FRESH, release("Confirmed", value("Shared")), when="waited"),
    arm("Leasing", _WON_FRESH, release("Confirmed", value("Hit"))),
    arm("Leasing", _WON, first("HandOver", value("Stale")), when="given stale"),
    arm("Leasing", _WON, first("HandOver", trouble("Dropped")), when="given"),
    arm("Leasing", _WON, GIVE, when="soft owned"),
    arm("Leasing", _WON, GIVE, when="detached"),
    arm("Leasing", _WON, CREATE),
    arm("Leasing", "Leased(Lost)", DELEGATE, when="soft"),
    arm("Leasing", "Leased(Lost)", first("HandOver", value("Stale")), when="stale"),
    arm("Leasing", "Leased(Lost)", DELEGATE),
    arm(
        "Leasing",
        "Leased(BackingOff)",
        release("Failed", value("StaleOnError")),
        when="stale stale_if_error",
    ),
    arm("Leasing", "Leased(BackingOff)", release("Failed", value("Stale")), when="soft"),
    arm("Leasing", "Leased(BackingOff)", release("Failed", trouble("BackingOff"))),
    arm("Leasing", "Leased(Superseded)", first("HandOver", value("Stale")), when="superseded soft"),
    arm("Leasing", "Leased(Superseded)", first("HandOver", trouble("Dropped")), when="superseded given"),
    arm("Leasing", "Leased(Superseded)", CREATE, when="superseded"),
    arm("Leasing", "Leased(Superseded)", first("HandOver", LOOK), learn="superseded"),
    arm("Leasing", "Leased(Failed)", release("StoreFailed", value("Stale")), when="stale"),
    arm("Leasing", "Leased(Failed)", release("StoreFailed", trouble("Store")), when="needs_store"),
    arm("Leasing", "Leased(Failed)", release("StoreFailed", trouble("Store")), when="given"),
    arm("Leasing", "Leased(Failed)", GIVE, when="detached", learn="store_failed"),
    arm("Leasing", "Leased(Failed)", CREATE, learn="store_failed"),
    #
    arm("Following", f"Woke(Value({_OLD}))", LOOK, learn="waited"),
    arm("Following", f"Woke(Value({_NEW}))", value("Shared"), learn="waited"),
    arm("Following", f"Woke(Value({_STORED}))", value("Shared"), learn="waited"),
    arm("Following", f"Woke(Value({_STORED_NEW}))", value("Shared"), learn="waited"),
    arm("Following", "Woke(Error)", value("StaleOnError"), when="stale stale_if_error", learn="waited"),
    arm("Following", "Woke(Error)", trouble("Shared"), learn="waited"),
    arm("Following", "Woke(BackingOff)", value("StaleOnError"), when="stale stale_if_error", learn="waited"),
    arm("Following", "Woke(BackingOff)", value("Stale"), when="soft", learn="waited"),
    arm("Following", "Woke(BackingOff)", trouble("Shared"), learn="waited"),
    arm("Following", "Woke(StoreFailed)", value("Stale"), when="stale", learn="waited"),
    arm("Following", "Woke(StoreFailed)", trouble("Store"), when="needs_store", learn="waited"),
    arm("Following", "Woke(StoreFailed)", trouble("Store"), when="given", learn="waited"),
    arm("Following", "Woke(StoreFailed)", CLAIM, learn="waited store_failed"),
    arm(
        "Following",
        "Woke(Heir)",
        first("HandOver", trouble("Dropped")),
        when="store_failed given",
        learn="waited",
    ),
    arm("Following", "Woke(Heir)", GIVE, when="store_failed detached", learn="waited"),
    arm("Following", "Woke(Heir)", CREATE, when="store_failed", learn="waited"),
    arm("Following", "Woke(Heir)", LEASE, learn="waited"),
    arm("Following", "Woke(Superseded)", LOOK, learn="waited"),
    arm("Following", "Woke(LookAgain)", first("Leave", LOOK), learn="waited"),
    arm("Following", "Woke(Deadline)", first("Leave", value("Stale")), when="stale", learn="waited"),
    arm("Following", "Woke(Deadline)", first("Leave", trouble("Deadline")), learn="waited"),
    arm("Following", "Woke(Cycle)", first("Leave", value("Stale")), when="stale", learn="waited"),
    arm("Following", "Woke(Cycle)", first("Leave", trouble("Cycle")), learn="waited"),
    #
    arm("Delegating", "Woke(LookAgain)", LEASE, learn="waited"),
    arm("Delegating", "Woke(LeaseTimer)", LEASE, learn="waited"),
    arm(
        "Delegating",
        "Woke(Error)",
        release("Failed", value("StaleOnError")),
        when="stale stale_if_error",
        learn="waited",
    ),
    arm("Delegating", "Woke(Error)", release("Failed", trouble("Shared")), learn="waited"),
    arm("Delegating", "Woke(Superseded)", first("HandOver", LOOK), learn="waited"),
    arm("Delegating", "Woke(Deadline)", first("HandOver", value("Stale")), when="stale", learn="waited"),
    arm("Delegating", "Woke(Deadline)", first("HandOver", trouble("Deadline")), learn="waited"),
    arm("Delegating", "Woke(Cycle)", first("HandOver", value("Stale")), when="stale", learn="waited"),
    arm("Delegating", "Woke(Cycle)", first("HandOver", trouble("Cycle")), learn="waited"),
    #
    arm("Creating", "Created(Ok)", release("Unconfirmed", value("NotStored")), when="store_failed"),
    arm("Creating", "Created(Ok)", STORE),
    arm("Creating", "Created(Declined)", release("Unconfirmed", value("Declined")), when="store_failed"),
    arm("Creating", "Created(Declined)", STORE_NOTHING),
    arm("Creating", "Created(Err)", release("Failed", value("StaleOnError")), when="stale stale_if_error"),
    arm("Creating", "Created(Err)", release("Failed", trouble("Creator"))),
    arm("Creating", "Created(Panicked)", release("Panicked", trouble("Panicked"))),
    #
    arm("Storing", "Committed(Stored)", release("Confirmed", value("Created"))),
    arm("Storing", "Committed(Refused)", release("Unconfirmed", value("Superseded"))),
    arm("Storing", "Committed(Failed)", release("Unconfirmed", value("NotStored"))),
    arm("StoringNothing", "Committed(Stored)", release("Confirmed", value("Declined"))),
    arm("StoringNothing", "Committed(Refused)", release("Unconfirmed", value("Superseded"))),
    arm("StoringNothing", "Committed(Failed)", release("Unconfirmed", value("Declined"))),
    #
    arm("Leasing", "Outdated", LEASE, learn="!stale !soft"),
    arm("Following", "Outdated", FOLLOW, learn="!stale !soft"),
    arm("Delegating", "Outdated", DELEGATE, learn="!stale !soft"),
    arm("Creating", "Outdated", CREATE, learn="!stale"),
    #
    arm("Parting", "Done", THEN),
    arm("Leaving", "Done", THEN),
    #
    arm("Looking", "Cancelled", CANCELLED),
    arm("Claiming", "Cancelled", CANCELLED),
    arm("Following", "Cancelled", first("Leave", CANCELLED)),
    arm("Leaving", "Cancelled", first("Leave", CANCELLED)),
    arm("Detaching", "Cancelled", first("HandOver", CANCELLED)),
    arm("Giving", "Cancelled", first("HandOver", CANCELLED)),
    arm("Leasing", "Cancelled", first("HandOver", CANCELLED)),
    arm("Delegating", "Cancelled", first("HandOver", CANCELLED)),
    arm("Creating", "Cancelled", first("HandOver", CANCELLED)),
    arm("Storing", "Cancelled", first("HandOver", CANCELLED)),
    arm("StoringNothing", "Cancelled", first("HandOver", CANCELLED)),
    arm("Parting", "Cancelled", first("HandOver", CANCELLED)),
)


class Misuse(Exception):
    """An event that cannot follow the action that was asked for."""


Table = dict[tuple[str, str], list[Arm]]


def table_of(arms: tuple[Arm, ...]) -> Table:
    table: Table = {}
    for row in arms:
        table.setdefault((row.state, row.event), []).append(row)
    return table


TABLE = table_of(ARMS)

ELSEWHERE: Facts = frozenset({"owned", "patient", "detached"})
"""The wishes of a call whose creator may run elsewhere."""


@dataclass(frozen=True)
class Flow:
    """One call on its way. A step gives the next one; a misuse raises and changes nothing."""

    state: str
    facts: Facts
    then: str = ""

    @staticmethod
    def start(wish: Facts) -> tuple["Flow", str]:
        if "refresh" in wish:
            return Flow("Claiming", wish - ELSEWHERE), "Claim(supersede: true)"
        return Flow(LOOK.state, wish), LOOK.action

    @staticmethod
    def detached(wish: Facts) -> tuple["Flow", str]:
        """What a runner carries on: it holds the claim, and answers nobody."""
        return Flow("Leasing", wish - ELSEWHERE | {"stale"}), "Lease(supersede: false)"

    @staticmethod
    def creating(store_failed: bool) -> tuple["Flow", str]:
        """A creation that was given to a runner when it was to begin."""
        return Flow(CREATE.state, Facts({"store_failed"} if store_failed else ())), CREATE.action

    @staticmethod
    def creating_late(wish: Facts) -> tuple["Flow", str]:
        """The same where the lease may have ended before the runner came to it."""
        return Flow(LEASE.state, wish & {"needs_store"}), "Lease(supersede: false)"

    def has_waited(self) -> bool:
        return "waited" in self.facts

    def step(self, event: str, table: Optional[Table] = None) -> tuple["Flow", str]:
        for row in (table or TABLE).get((self.state, event), ()):
            if all(self._holds(fact) for fact in row.when):
                return self._take(row)
        raise Misuse(f"{event} cannot follow {self.state}")

    def _holds(self, fact: str) -> bool:
        return fact in self.facts

    def _take(self, row: Arm) -> tuple["Flow", str]:
        forgotten = {fact[1:] for fact in row.learn if fact.startswith("!")}
        learned = {fact for fact in row.learn if not fact.startswith("!")}
        facts = (self.facts - forgotten) | learned
        action, state, then = row.go
        if row.go == THEN:
            action, then = self.then, ""
            state = LOOK.state if action == LOOK.action else "Over"
        if action == LEASE.action:
            action = f"Lease(supersede: {str('refresh' in facts).lower()})"
        return replace(self, state=state, facts=facts, then=then), action
