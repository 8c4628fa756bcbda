"""A region's invalidations: words that only rise. Threads need a lock around each method."""

from .cached_value import Epochs, raised


class EpochCell:
    def __init__(self) -> None:
        self.hard = 0
        self.soft = 0
        self.floor = 0  # the highest number that is known: what a hit looks at, and what a new value carries

    def read(self) -> Epochs:
        return Epochs(self.hard, self.soft)

    def raise_hard(self, now: int) -> None:
        self.merge(Epochs(raised(self.floor, now), 0))

    def raise_soft(self, now: int) -> None:
        self.merge(Epochs(0, raised(self.floor, now)))

    def merge(self, told: Epochs) -> None:
        """Takes over what the store says; epochs never fall."""
        self.hard = max(self.hard, told.hard)
        self.soft = max(self.soft, told.soft)
        self.floor = max(self.floor, told.current())
