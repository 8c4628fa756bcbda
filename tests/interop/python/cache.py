"""dogpile.cache as its users set it up to share a cache among processes."""

import json
import warnings
from typing import Any, Callable

from dogpile.cache import make_region
from dogpile.cache.api import NO_VALUE, CantDeserializeException

from asked import Found


def read_json(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError as cause:
        raise CantDeserializeException() from cause


def arguments(backend: str, url: str, lease: float) -> dict[str, Any]:
    if backend == "redis":
        return {"url": url, "thread_local_lock": False, "lock_timeout": lease}
    # Its clients take no scheme, and whole seconds.
    return {"url": url.removeprefix("memcached://"), "lock_timeout": int(lease)}


class DogpileCache:
    """BACKEND is one of dogpile.cache's: `redis`, `pymemcache` or `pylibmc`."""

    def __init__(self, backend: str, url: str, fresh: float, lease: float) -> None:
        warnings.simplefilter("error")
        # pymemcache leaves the connection of a thread that has ended to the collector.
        warnings.simplefilter("ignore", ResourceWarning)
        self.region = make_region(
            serializer=lambda value: json.dumps(value).encode(), deserializer=read_json
        ).configure(
            f"dogpile.cache.{backend}",
            expiration_time=fresh,
            arguments={"distributed_lock": True, **arguments(backend, url, lease)},
        )
        self.region.get("connects")

    def get_or_create(self, key: str, create: Callable[[], Any]) -> Any:
        return self.region.get_or_create(key, create)

    def set(self, key: str, value: Any) -> None:
        self.region.set(key, value)

    def delete(self, key: str) -> None:
        self.region.delete(key)

    def read(self, key: str) -> Found:
        found = self.region.get_value_metadata(key, ignore_expiration=True)
        if found is None or found is NO_VALUE:
            return Found(None, None, None)
        return Found(found.payload, found.cached_time, found.age)
