"""Time as the core sees it: nanoseconds in 64 bits without a sign, that saturate."""

END = 2**64 - 1  # the end of time; as a span, longer than any clock runs


def after(time: int, span: int) -> int:
    """The point `span` later. The sum of two spans is the same sum."""
    return min(time + span, END)


def since(time: int, earlier: int) -> int:
    """What has passed since `earlier`; nothing when that lies ahead."""
    return max(time - earlier, 0)


def from_secs(count: int) -> int:
    return min(count * 1_000_000_000, END)


def from_millis(count: int) -> int:
    return min(count * 1_000_000, END)
