"""The word: its bits, and the transition table as data."""

from typing import NamedTuple, Optional, Union

VACANT, CREATING, READY, REFRESHING = PHASES = ("Vacant", "Creating", "Ready", "Refreshing")
CLAIMS = 2**61  # claim numbers begin again at zero after this many

JOINED, CHANGED, SUPERSEDED = "Joined", "Changed", "Superseded"


class Word(NamedTuple):
    phase: str
    claim: int
    stale: bool

    def bits(self) -> int:
        return self.claim % CLAIMS << 3 | self.stale << 2 | PHASES.index(self.phase)

    @staticmethod
    def from_bits(bits: int) -> "Word":
        return Word(PHASES[bits & 3], bits >> 3, bool(bits & 4))

    def has_value(self) -> bool:
        return self.phase in (READY, REFRESHING)

    def is_busy(self) -> bool:
        return self.phase in (CREATING, REFRESHING)


class To(NamedTuple):
    """The word becomes this: a phase, the next claim number or the same, the mark."""

    phase: str
    next: bool
    mark: str  # CLEAR, KEEP or SET


class Never(NamedTuple):
    why: str


Cell = Union[To, Never, str]
CLEAR, KEEP, SET = "clear", "keep", "set"
USED = Never("a claim is used up by what ends it")

ENDED = (USED, To(VACANT, False, CLEAR), USED, To(READY, False, KEEP))
SUCCEEDED = (USED, To(CREATING, True, CLEAR), USED, To(REFRESHING, True, KEEP))

#: The columns are PHASES.
ROWS: dict[str, tuple[Cell, Cell, Cell, Cell]] = {
    "Claim": (To(CREATING, True, CLEAR), JOINED, To(REFRESHING, True, KEEP), JOINED),
    "Publish": (USED, To(READY, False, KEEP), USED, To(READY, False, CLEAR)),
    "Deliver": ENDED,
    "Fail": ENDED,
    "HandOver": SUCCEEDED,
    "Abandon": ENDED,
    "TakeOver": SUCCEEDED,
    "Set": (To(READY, True, CLEAR),) * 4,
    "Delete": (To(VACANT, True, CLEAR),) * 4,
    "Soften": (
        To(VACANT, False, KEEP),
        To(CREATING, False, SET),
        To(READY, True, SET),
        To(READY, True, SET),
    ),
}

TABLE: dict[tuple[str, str], Cell] = {
    (request, phase): cell for request, row in ROWS.items() for phase, cell in zip(PHASES, row)
}

#: They end the creation of the claim that they name, and of no other.
ENDS = ("Publish", "Deliver", "Fail", "HandOver", "Abandon", "TakeOver")


def on(word: Word, request: str, claim: Optional[int], table: dict = TABLE) -> Union[Word, Never, str]:
    """What `request`, which may name a claim, makes of `word`."""
    if request in ENDS and claim != word.claim:
        return SUPERSEDED
    if request == "Claim" and word.phase == READY and claim != word.claim:
        return CHANGED
    cell = table[request, word.phase]
    if not isinstance(cell, To):
        return cell
    number = (word.claim + cell.next) % CLAIMS
    return Word(cell.phase, number, {CLEAR: False, KEEP: word.stale, SET: True}[cell.mark])
