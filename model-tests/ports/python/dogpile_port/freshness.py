"""May this value be used? Facts and a policy in, a verdict out."""

from typing import NamedTuple

from .cached_value import FIRST_EPOCH, UNKNOWN_EPOCH, Epochs, Metadata
from .time import END, after, since

MISS, STALE, FRESH = "Miss", "Stale", "Fresh"


class Policy(NamedTuple):
    fresh_for: int
    stale_for: int
    skew: int

    def lifetime(self) -> int:
        return after(self.fresh_for, self.stale_for)

    def of(self, value: Metadata) -> "Policy":
        """The policy that goes for a value with terms of its own."""
        own = {name: span for name, span in value.terms._asdict().items() if name != "tags" and span is not None}
        return self._replace(**own)

    def judge(self, value: Metadata, epochs: Epochs, now: int) -> str:
        return self.of(value)._judge(value, epochs, now)

    def _judge(self, value: Metadata, epochs: Epochs, now: int) -> str:
        if self._is_before(value, epochs.hard):
            return MISS
        verdict = self._judge_age(value.created, now)
        if verdict == FRESH and self._is_before(value, epochs.soft):
            return self._when_stale()
        return verdict

    def judge_ahead(self, value: Metadata, epochs: Epochs, now: int, ahead: int) -> str:
        """The verdict on a value that grows old so much ahead of its time."""
        verdict, fresh_for = self.judge(value, epochs, now), self.of(value).fresh_for
        ends = fresh_for != END and after(since(now, value.created), ahead) >= fresh_for
        return STALE if verdict == FRESH and ahead and ends else verdict

    def is_fresh(self, value: Metadata, floor: int, now: int) -> bool:
        """The one question of a hit. A value without an epoch is not answered here."""
        return (
            value.epoch >= floor
            and value.epoch != UNKNOWN_EPOCH
            and since(now, value.created) < self.of(value).fresh_for
            and since(value.created, now) <= self.skew
        )

    def _judge_age(self, created: int, now: int) -> str:
        age = since(now, created)
        if age < self.fresh_for or self.fresh_for == END:
            return self._when_stale() if created > after(now, self.skew) else FRESH
        return STALE if age < self.lifetime() or self.lifetime() == END else MISS

    def _when_stale(self) -> str:
        """What a value is that was made stale before its time."""
        return STALE if self.stale_for else MISS

    def _is_before(self, value: Metadata, epoch: int) -> bool:
        if value.epoch != UNKNOWN_EPOCH:
            return value.epoch < epoch
        raised_at = min(epoch * 1_000, END)
        return epoch > FIRST_EPOCH and value.created < after(raised_at, self.skew)
