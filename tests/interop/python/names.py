"""What users of dogpile.cache write: its names and arguments, from the package itself, as a list in JSON."""

import inspect
import json
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import dogpile
import dogpile.cache
import dogpile.cache.api
import dogpile.cache.backends
import dogpile.cache.exception
import dogpile.cache.plugins
import dogpile.cache.proxy
import dogpile.cache.region
import dogpile.cache.util
import dogpile.util

# What a backend reads from its `arguments`.
READS = re.compile(r"""\barguments(?:\.(?:get|pop)\(|\[)\s*["'](\w+)["']""")
REGISTERED = re.compile(r"""register_backend\(\s*["']dogpile\.cache\.(\w+)["']""")


def is_public(name: str) -> bool:
    return not name.startswith("_")


def arguments(function: Any) -> Iterator[str]:
    yield from (name for name in inspect.signature(function).parameters if name != "self")


def methods(kind: type) -> Iterator[str]:
    for name, method in vars(kind).items():
        if is_public(name):
            yield name
            if inspect.isfunction(method):
                yield from arguments(method)


def defined(module: ModuleType) -> Iterator[str]:
    """Classes and functions; types that only say what those take are no names to look for."""
    for name, what in vars(module).items():
        if inspect.isclass(what) or inspect.isfunction(what):
            if what.__module__ == module.__name__ and not hasattr(what, "__supertype__"):
                yield name


def backends() -> Iterator[str]:
    package = dogpile.cache.backends
    yield from REGISTERED.findall(inspect.getsource(package))
    for module in pkgutil.iter_modules(package.__path__):
        path = f"{package.__path__[0]}/{module.name}.py"
        with open(path, encoding="utf-8") as source:
            yield from READS.findall(source.read())


def everything() -> Iterator[str]:
    yield "make_region"
    region = dogpile.cache.region
    yield from arguments(region.CacheRegion.__init__)
    yield from methods(region.CacheRegion)
    yield from methods(region.RegionInvalidationStrategy)
    yield from arguments(dogpile.Lock.__init__)
    for module in (dogpile.cache.api, dogpile.cache.exception, dogpile.cache.proxy, dogpile.cache.util):
        yield from defined(module)
    yield from methods(dogpile.cache.api.CacheBackend)
    yield from dogpile.util.__all__
    yield from ("Lock", "NeedRegenerationException", "register_backend", "MakoPlugin")
    yield from backends()


print(json.dumps(sorted(name for name in set(everything()) if is_public(name))))
