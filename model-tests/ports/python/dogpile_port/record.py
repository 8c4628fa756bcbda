"""The bytes that byte stores keep: a header in JSON, a bar, the payload.

The header is parsed by hand: of a key that comes twice the last one counts, numbers are read as the
decimals that they are, and nesting is bounded. Python's own `json` gives floats and recurses.
"""

import re
from typing import Callable, Optional

from .cached_value import NO_STAMP, UNKNOWN_EPOCH, Entry, Metadata, Terms
from .time import END

FORMAT = 2
DEEPEST = 32  # how deep what we do not know may be nested

NUMBER = re.compile(rb"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
STRING = re.compile(rb'"((?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*)"')
SPACE = re.compile(rb"[ \t\r\n]*")
WORDS = (b"true", b"false", b"null", b"NaN", b"Infinity", b"-Infinity")
DIGITS = re.compile(rb"[0-9a-fA-F]{32}")


class Unreadable(Exception):
    """Bytes that are no record: `why` is NoBar, Header, Missing or Format."""

    def __init__(self, why: str, **facts: str) -> None:
        super().__init__(why, facts)
        self.answer = {"why": why, **facts}


def encode(entry: Entry) -> bytes:
    metadata = entry.metadata
    secs, nanos = divmod(metadata.created, 1_000_000_000)
    fields = [f'"ct": {secs}.{nanos:09}', f'"v": {FORMAT}']
    if metadata.stamp != NO_STAMP:
        fields.append(f'"st": "{metadata.stamp:032x}"')
    if metadata.epoch != UNKNOWN_EPOCH:
        fields.append(f'"ep": {metadata.epoch}')
    if entry.schema != 0:
        fields.append(f'"sc": {entry.schema}')
    for key, own in (("ff", metadata.terms.fresh_for), ("sf", metadata.terms.stale_for)):
        if own is not None:
            fields.append(f'"{key}": {own}')
    if metadata.terms.tags:
        fields.append(f'"tg": "{metadata.terms.tags:032x}"')
    return ("{" + ", ".join(fields) + "}|").encode() + entry.payload


def decode(record: bytes) -> Entry:
    header, bar, payload = record.partition(b"|")
    if not bar:
        raise Unreadable("NoBar")
    fields = _Header(header).read()
    if "v" not in fields:
        raise Unreadable("Missing", key="v")
    if fields["v"] != FORMAT:
        raise Unreadable("Format", found=str(fields["v"]))
    if "ct" not in fields:
        raise Unreadable("Missing", key="ct")
    terms = Terms(fields.get("ff"), fields.get("sf"), fields.get("tg", 0))
    stamp, epoch = fields.get("st", NO_STAMP), fields.get("ep", UNKNOWN_EPOCH)
    metadata = Metadata(stamp, epoch, fields["ct"], terms)
    return Entry(metadata, fields.get("sc", 0), payload)


def scaled(sign: bytes, whole: bytes, fraction: bytes, exponent: bytes, shift: int) -> tuple[int, bool]:
    """The number times 10^shift, rounded down and held in 64 bits, and whether that is exact."""
    digits = whole + fraction
    if not digits.strip(b"0"):
        return 0, True
    if sign:
        return 0, False
    before = len(whole) + _exponent(exponent) + shift  # digits before the point once it is moved
    first = len(digits) - len(digits.lstrip(b"0"))
    if before - first > 20:  # twenty digits hold any number of 64 bits
        return END, False
    kept = int(digits[: max(before, 0)].ljust(max(before, 0), b"0") or b"0")
    exact = not digits[max(before, 0) :].strip(b"0")
    return (kept, exact) if kept <= END else (END, False)


def _exponent(text: bytes) -> int:
    """An exponent, held within what no number's length can make up for."""
    negative, size = text.startswith(b"-"), text.lstrip(b"+-").lstrip(b"0")
    bound = int(size or b"0") if len(size) <= 18 else 10**18
    return -bound if negative else bound


class _Header:
    def __init__(self, text: bytes) -> None:
        self.text, self.at = text, 0
        self.fields: dict[str, int] = {}

    def read(self) -> dict[str, int]:
        try:
            self.text.decode()
        except UnicodeDecodeError:
            raise Unreadable("Header") from None
        self._space()
        self._object(self._field)
        self._space()
        self._need(self.at == len(self.text))
        return self.fields

    def _field(self, key: bytes) -> None:
        match key:
            case b"ct":
                self.fields["ct"] = self._nanos()
            case b"v":
                self.fields["v"] = self._integer(END)
            case b"ep" | b"ff" | b"sf":
                self.fields[key.decode()] = self._integer(END)
            case b"sc":
                self.fields["sc"] = self._integer(2**32 - 1)
            case b"st" | b"tg":
                digits = DIGITS.fullmatch(self._string())
                self._need(digits)
                self.fields[key.decode()] = int(digits[0], 16)
            case _:  # also a key of ours that is written with escapes
                self._skip(0)

    def _nanos(self) -> int:
        """Seconds in nanoseconds, in every form in which JSON and Python write a number."""
        if self._take(b"Infinity"):
            return END
        if self._take(b"-Infinity"):
            return 0
        return self._number(9)[0]

    def _integer(self, most: int) -> int:
        number, exact = self._number(0)
        self._need(exact and number <= most)
        return number

    def _number(self, shift: int) -> tuple[int, bool]:
        sign, whole, fraction, exponent = self._match(NUMBER).groups(b"")
        # "05" and "5." match as far as "0" and "5" go; what follows is then no comma.
        return scaled(sign, whole, fraction, exponent, shift)

    def _string(self) -> bytes:
        return self._match(STRING)[1]

    def _skip(self, depth: int) -> None:
        """Goes past a value of any kind."""
        self._need(depth <= DEEPEST)
        following = self.text[self.at : self.at + 1]
        if following == b"{":
            self._object(lambda _key: self._skip(depth + 1))
        elif following == b"[":
            self.at += 1
            self._list(b"]", lambda: self._skip(depth + 1))
        elif following == b'"':
            self._string()
        elif not any(self._take(word) for word in WORDS):
            self._match(NUMBER)

    def _object(self, field: Callable[[bytes], None]) -> None:
        def pair() -> None:
            key = self._string()
            self._space()
            self._need(self._take(b":"))
            self._space()
            field(key)

        self._need(self._take(b"{"))
        self._list(b"}", pair)

    def _list(self, end: bytes, element: Callable[[], None]) -> None:
        """What stands between commas up to `end`."""
        self._space()
        if self._take(end):
            return
        while True:
            self._space()
            element()
            self._space()
            if self._take(end):
                return
            self._need(self._take(b","))

    def _space(self) -> None:
        self._match(SPACE)

    def _take(self, text: bytes) -> bool:
        found = self.text.startswith(text, self.at)
        self.at += len(text) if found else 0
        return found

    def _match(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        found = pattern.match(self.text, self.at)
        self._need(found)
        self.at = found.end()
        return found

    def _need(self, fits: Optional[object]) -> None:
        if not fits:
            raise Unreadable("Header")
