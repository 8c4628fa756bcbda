"""A process of the fleet: takes orders as JSON on standard input, a line each, and tells what came of
them on standard output. It ends when its orders end.

    worker.py KIND NAME URL FRESH LEASE

KIND is `port` (this project's core in Python) or a backend of dogpile.cache's. A value is fresh, and a lock
or a lease lasts, for as many seconds as the last two say.
"""

import json
import os
import sys
import threading
import time
from itertools import count
from typing import Any

from asked import Cache


class CreatorFailed(Exception):
    """What the creator raises when it is told to."""


class Worker:
    def __init__(self, name: str, cache: Cache) -> None:
        self.name, self.cache = name, cache
        self.numbers = count(1)
        self.out = threading.Lock()

    def say(self, said: str, **more: Any) -> None:
        with self.out:
            print(json.dumps({"said": said, **more}), flush=True)

    def obey(self, order: dict[str, Any]) -> None:
        match order.pop("do"):
            case "ask":
                self.ask(**order)
            case "set":
                self.cache.set(order["key"], order["value"])
                self.say("done")
            case "delete":
                self.cache.delete(order["key"])
                self.say("done")
            case "read":
                self.say("read", **self.cache.read(order["key"])._asdict())

    def ask(self, key: str, threads: int, at: float, creation: float, fails: bool) -> None:
        """All threads ask for the value at the same time."""
        answers, creations = [], []

        def create() -> Any:
            begun = time.time()
            self.say("creating")
            time.sleep(creation)
            creations.append({"begun": begun, "ended": time.time()})
            if fails:
                raise CreatorFailed("as told")
            return {"by": self.name, "number": next(self.numbers)}

        def one() -> None:
            time.sleep(max(at - time.time(), 0))
            value, error = None, None
            try:
                value = self.cache.get_or_create(key, create)
            except Exception as cause:
                error = repr(cause)
            answers.append({"value": value, "error": error, "at": time.time()})

        running = [threading.Thread(target=one) for _ in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        self.say("answers", answers=answers, creations=creations)


def main() -> None:
    kind, name, url, fresh, lease = sys.argv[1:]
    if kind == "port":
        from port import Port

        cache: Cache = Port(url, float(fresh), float(lease))
    else:
        from cache import DogpileCache

        cache = DogpileCache(kind, url, float(fresh), float(lease))
    worker = Worker(name, cache)
    worker.say("ready")
    for line in sys.stdin:
        worker.obey(json.loads(line))
    os._exit(0)  # whatever its threads still wait for


if __name__ == "__main__":
    main()
