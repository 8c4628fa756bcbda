"""dogpile.cache's hits: says what it is, then runs each sample that a line on standard input asks for.

usage: dogpile_cache.py URL KEYS VALUE

In: "THREADS CALLS" a line. Out: a line of JSON for each, the first one before any was asked for.
"""

import importlib.metadata
import json
import platform
import sys
import threading
import time

from dogpile.cache import make_region

url, count, value = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
region = make_region(
    serializer=lambda value: json.dumps(value).encode(),
    deserializer=json.loads,
).configure(
    "dogpile.cache.redis",
    expiration_time=3600,
    # Locks that reach over threads and processes, as ours do.
    arguments={"url": url, "distributed_lock": True, "thread_local_lock": False},
)
keys = [f"python:{number:013}" for number in range(count)]
for key in keys:
    region.set(key, value)
misses = []


def create():
    misses.append(1)
    return value


def sample(threads, calls):
    """Seconds from the first thread's first call until the last one's end."""
    ready = threading.Barrier(threads)
    times = []

    def work(first):
        ready.wait()
        began = time.perf_counter()
        for number in range(first, first + calls // threads):
            region.get_or_create(keys[number % count], create)
        times.append((began, time.perf_counter()))

    crowd = [
        threading.Thread(target=work, args=(number * count // threads,))
        for number in range(threads)
    ]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    if len(times) < threads:
        sys.exit("a thread failed")
    return max(end for _, end in times) - min(began for began, _ in times)


def say(**what):
    print(json.dumps(what), flush=True)


say(
    python=platform.python_version(),
    dogpile_cache=importlib.metadata.version("dogpile.cache"),
    client=importlib.metadata.version("redis"),
)
for line in sys.stdin:
    seconds = sample(*map(int, line.split()))
    say(seconds=seconds, misses=len(misses))
