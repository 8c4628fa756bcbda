"""What is known of a stored value: which it is, under which invalidations, from when."""

from typing import NamedTuple, Optional

NO_STAMP = 0
FIRST_EPOCH = 0
UNKNOWN_EPOCH = 2**64 - 1  # from a writer that knows no epochs


class Terms(NamedTuple):
    """What a creator says of its one value; `None` leaves it to the policy."""

    fresh_for: Optional[int] = None
    stale_for: Optional[int] = None
    tags: int = 0  # sixteen bits for each slot


class Metadata(NamedTuple):
    stamp: int  # compared for equality only
    epoch: int  # compared for order only
    created: int
    terms: Terms = Terms()


def slot(name: bytes) -> int:
    """The slot of a tag's name: FNV-1a of 64 bits modulo 65,535, plus 1."""
    number = 0xCBF29CE484222325
    for byte in name:
        number = (number ^ byte) * 0x100000001B3 % 2**64
    return number % 65_535 + 1


class Entry(NamedTuple):
    metadata: Metadata
    schema: int
    payload: bytes


class Epochs(NamedTuple):
    hard: int
    soft: int

    def current(self) -> int:
        """What a value carries whose creator starts now."""
        return max(self.hard, self.soft)


def raised(epoch: int, now: int) -> int:
    """The epoch after this one: one more, or the time in microseconds where that is higher."""
    return min(max(epoch + 1, now // 1_000), UNKNOWN_EPOCH - 1)
