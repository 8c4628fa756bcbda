"""A region's invalidations: words that only rise. Threads need a lock around each method."""

from .cached_value import Epochs, raised


class EpochCell:
    def __init__(self) -> None:
        self.hard = 0
        self.soft = 0
        self.floor = 0  # the higher of both: what a hit looks at

    def read(self) -> Epochs:
        return Epochs(self.hard, self.soft)

    def raise_hard(self, now: int) -> None:
        self.merge(Epochs(raised(self.read().current(), now), 0))

    def raise_soft(self, now: int) -> None:
        self.merge(Epochs(0, raised(self.read().current(), now)))

    def merge(self, told: Epochs) -> None:
        """Takes over what the store says; epochs never fall."""
        self.hard = max(self.hard, told.hard)
        self.soft = max(self.soft, told.soft)
        self.floor = max(self.floor, told.current())
