"""What a worker asks of a cache."""

from typing import Any, Callable, NamedTuple, Optional, Protocol


class Found(NamedTuple):
    value: Any
    created: Optional[float]
    age: Optional[float]


class Cache(Protocol):
    def get_or_create(self, key: str, create: Callable[[], Any]) -> Any: ...
    def set(self, key: str, value: Any) -> None: ...
    def delete(self, key: str) -> None: ...
    def read(self, key: str) -> Found: ...
