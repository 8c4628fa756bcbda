"""What is known of a stored value: which it is, under which invalidations, from when."""

from typing import NamedTuple

NO_STAMP = 0
FIRST_EPOCH = 0
UNKNOWN_EPOCH = 2**64 - 1  # from a writer that knows no epochs


class Metadata(NamedTuple):
    stamp: int  # compared for equality only
    epoch: int  # compared for order only
    created: int


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
