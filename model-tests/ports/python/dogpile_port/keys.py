"""Key manglers: bytes to bytes."""

from typing import Callable

Mangle = Callable[[bytes], bytes]


def identity(key: bytes) -> bytes:
    return key


def prefix(before: bytes) -> Mangle:
    return lambda key: before + key


def length_conditional(first: int, mangle: Mangle) -> Mangle:
    """Mangles only keys of at least `first` bytes."""
    return lambda key: mangle(key) if len(key) >= first else key
