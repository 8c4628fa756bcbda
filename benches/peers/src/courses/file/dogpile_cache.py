"""dogpile.cache on dbm.gnu: says what it is, then runs each sample that a line on standard input asks for.

usage: dogpile_cache.py FILE KEYS VALUE

In: "hit|set THREADS CALLS" a line. Out: a line of JSON for each, the first one before any was asked for.
"""

import dbm
import dbm.gnu
import importlib.metadata
import json
import platform
import sys
import threading
import time

from dogpile.cache import make_region

file, count, value = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
# Made by the one database that is to be measured, whatever else this Python has.
dbm.gnu.open(file, "n").close()
region = make_region(
    serializer=lambda value: json.dumps(value).encode(),
    deserializer=json.loads,
).configure("dogpile.cache.dbm", expiration_time=3600, arguments={"filename": file})
keys = [f"user:{number:015}" for number in range(count)]
# In one go: each `set` opens the file, and closes it.
region.set_multi(dict.fromkeys(keys, value))
misses = []


def create():
    misses.append(1)
    return value


def hit(key):
    region.get_or_create(key, create)


def put(key):
    region.set(key, value)


CALLS = {"hit": hit, "set": put}


def sample(call, threads, calls):
    """Seconds from the first thread's first call until the last one's end."""
    ready = threading.Barrier(threads)
    times = []

    def work(first):
        ready.wait()
        began = time.perf_counter()
        for number in range(first, first + calls // threads):
            call(keys[number % count])
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
    database=dbm.whichdb(file),
)
for line in sys.stdin:
    call, threads, calls = line.split()
    seconds = sample(CALLS[call], int(threads), int(calls))
    say(seconds=seconds, misses=len(misses))
