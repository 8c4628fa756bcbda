"""Key manglers: bytes to bytes; and where a key's value and lease are in Redis."""

from typing import Callable, Optional

Mangle = Callable[[bytes], bytes]


def identity(key: bytes) -> bytes:
    return key


def prefix(before: bytes) -> Mangle:
    return lambda key: before + key


def length_conditional(first: int, mangle: Mangle) -> Mangle:
    """Mangles only keys of at least `first` bytes."""
    return lambda key: mangle(key) if len(key) >= first else key


def in_redis(prefix: Optional[str], lease: Optional[str], key: bytes) -> tuple[bytes, bytes]:
    """Where the value and the lease of `key` are, for dogpile alone."""
    house = ("dogpile" if prefix is None else prefix).encode()
    inside = _escaped(key)

    def place(what: bytes) -> bytes:
        return house + b":" + what + b":{" + inside + b"}"

    return place(b"v"), place(("l" if lease is None else lease).encode())


def in_redis_beside_python(prefix: Optional[str], lease: Optional[str], key: bytes) -> tuple[bytes, bytes]:
    """Where dogpile.cache has them."""
    value = (prefix or "").encode() + key
    return value, ("_lock" if lease is None else lease).encode() + value


def _escaped(key: bytes) -> bytes:
    """A cluster hashes what stands between the first brace and the next closing one, if anything does."""
    written = key.replace(b"%", b"%25").replace(b"{", b"%7B").replace(b"}", b"%7D")
    return written or b"%00"
