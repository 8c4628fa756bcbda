"""Replays the vectors: for each file, what the port answers beside what production answered."""

import json
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple, Optional

from . import flow, freshness, keys, record, region, state, time
from .cached_value import Entry, Epochs, Metadata, Terms, raised, slot
from .epochs import EpochCell

VERSION = 1

Case = dict[str, Any]


class Difference(NamedTuple):
    case: object
    expected: object
    answered: object


#: One answer of the port: the case, what production answered, what the port answers.
Answers = Iterator[tuple[object, object, object]]


class Unusable(Exception):
    """A file that is not what this runner knows, or that asks nothing."""


def load(folder: Path, name: str) -> Case:
    """Reads a file of vectors; another version than this runner's is an error, not a guess, and so
    is a list that is not there or is empty: whoever compares nothing finds no difference."""
    vectors = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    known = isinstance(vectors, dict) and vectors.get("vectors") == name
    version = vectors.get("version") if known else None
    # To Python, true equals 1.
    if type(version) is not int or version != VERSION:
        raise Unusable(f"{name}.json is not version {VERSION} of {name}")
    for cases in LISTS[name]:
        if not isinstance(vectors.get(cases), list):
            raise Unusable(f"{name}.json has no list `{cases}`")
        if not vectors[cases]:
            raise Unusable(f"the list `{cases}` of {name}.json is empty")
        if cases in WITH_STEPS and not all(case.get("steps") for case in vectors[cases]):
            raise Unusable(f"a case of `{cases}` of {name}.json has no steps")
    return vectors


def compare(name: str, answers: Answers) -> tuple[int, list[Difference]]:
    """How many answers there were, and those that differ; a case that lacks what is to be asked, or
    has something of another kind there, is unusable."""
    count, differences = 0, []
    try:
        for case, expected, answered in answers:
            count += 1
            if expected != answered:
                differences.append(Difference(case, expected, answered))
    except (LookupError, TypeError, ValueError, AttributeError) as cause:
        raise Unusable(f"{name}.json, after {count} answers: {cause!r}") from cause
    return count, differences


def times(vectors: Case) -> Answers:
    for case in vectors["sums"]:
        a, b = int(case["a"]), int(case["b"])
        yield case, int(case["after"]), time.after(a, b)
        yield case, int(case["since"]), time.since(a, b)
        yield case, int(case["plus"]), time.after(a, b)
    for case in vectors["spans"]:
        count = int(case["count"])
        yield case, int(case["seconds"]), time.from_secs(count)
        yield case, int(case["milliseconds"]), time.from_millis(count)


def transitions(vectors: Case, table: dict = state.TABLE) -> Answers:
    for case in vectors["cells"]:
        claim = int(case["claim"]) if "claim" in case else None
        step = state.on(_word(case["word"]), case["request"], claim, table)
        match step:
            case state.Word():
                answered = "To", _spelled(step), None
            case state.Never(why):
                answered = "Never", None, why
            case _:
                answered = step, None, None
        yield case, (case["step"], case.get("becomes"), case.get("why")), answered


def claim_numbers(vectors: Case, table: dict = state.TABLE) -> Answers:
    for case in vectors["words"]:
        bits = _word(case["given"]).bits()
        word = state.Word.from_bits(bits)
        expected = case["bits"], case["read"], case["has_value"], case["is_busy"]
        yield case, expected, (str(bits), _spelled(word), word.has_value(), word.is_busy())
    yield from transitions(vectors, table)


def verdicts(vectors: Case) -> Answers:
    for case in vectors["verdicts"]:
        policy = freshness.Policy(**{name: int(span) for name, span in case["policy"].items()})
        value = Metadata(0, int(case["epoch"]), int(case["created"]), _terms(case))
        epochs, now = Epochs(int(case["hard"]), int(case["soft"])), int(case["now"])
        answered = policy.judge(value, epochs, now), policy.is_fresh(value, epochs.current(), now)
        yield case, (case["verdict"], case["is_fresh"]), answered
        ahead = [policy.judge_ahead(value, epochs, now, ahead) for ahead in (0, 1, 5, time.END)]
        yield case, case["ahead"], ahead


def epochs(vectors: Case) -> Answers:
    for case in vectors["raised"]:
        yield case, int(case["raised"]), raised(int(case["epoch"]), int(case["now"]))
    for row in vectors["rows"]:
        cell = EpochCell()
        for step in row["steps"]:
            facts = {name: int(number) for name, number in step["with"].items()}
            if step["do"] == "merge":
                cell.merge(Epochs(**facts))
            else:
                getattr(cell, step["do"])(facts["now"])
            expected = tuple(int(step[name]) for name in ("hard", "soft", "floor"))
            yield step, expected, (cell.hard, cell.soft, cell.floor)


def flows(vectors: Case, table: flow.Table = flow.TABLE) -> Answers:
    """Each step of each trace; before it, each event that is no answer is refused."""
    events, actions = vectors["events"], [line["action"] for line in vectors["actions"]]
    misfits = {
        line["action"]: [event for at, event in enumerate(events) if at not in line["events"]]
        for line in vectors["actions"]
    }
    tried: set[flow.Flow] = set()
    for trace in vectors["traces"]:
        call, action = _begin(trace["begun"], frozenset(trace["wish"]))
        so_far = [action]
        yield trace["wish"], actions[trace["first"]], action
        for at, (event, expected) in enumerate(trace["steps"]):
            for misfit in misfits[action] if call not in tried else ():
                case = (trace["wish"], so_far, misfit)
                yield case, (call, MISUSE), _step(call, misfit, table)
            tried.add(call)
            call, action = _step(call, events[event], table)
            so_far += [events[event], action]
            yield (trace["wish"], so_far[:]), actions[expected], action
            waited = trace["waited"] is not None and at >= trace["waited"]
            yield (trace["wish"], so_far[:], "waited"), waited, call.has_waited()
            if action != actions[expected]:
                break  # What follows is asked of a call that went another way.


MISUSE = "a misuse"


def _begin(begun: str, wish: flow.Facts) -> tuple[flow.Flow, str]:
    if begun == "start":
        return flow.Flow.start(wish)
    if begun == "detached":
        return flow.Flow.detached(wish)
    if begun == "creating late":
        return flow.Flow.creating_late(wish)
    return flow.Flow.creating(begun == "creating without a store")


def _step(call: flow.Flow, event: str, table: flow.Table) -> tuple[flow.Flow, str]:
    try:
        return call.step(event, table)
    except flow.Misuse:
        return call, MISUSE


def records(vectors: Case) -> Answers:
    for case in vectors["encoded"]:
        entry = case["entry"]
        numbers = (int(entry[name]) for name in ("stamp", "epoch", "created"))
        metadata = Metadata(*numbers, _terms(entry))
        value = Entry(metadata, int(entry["schema"]), bytes.fromhex(entry["payload"]))
        yield case, case["record"], record.encode(value).hex()
    for case in vectors["decoded"]:
        expected = case.get("entry", case.get("unreadable"))
        try:
            read = record.decode(bytes.fromhex(case["record"]))
        except record.Unreadable as unreadable:
            yield case, expected, unreadable.answer
            continue
        metadata, terms = read.metadata._asdict(), read.metadata.terms
        del metadata["terms"]
        answered = {name: str(number) for name, number in metadata.items()}
        answered |= {"own_fresh_for": _span(terms.fresh_for), "own_stale_for": _span(terms.stale_for)}
        answered |= {"tags": str(terms.tags), "schema": str(read.schema)}
        yield case, expected, answered | {"payload": read.payload.hex()}


def _terms(case: Case) -> Terms:
    own = (case["own_fresh_for"], case["own_stale_for"])
    return Terms(*(None if span is None else int(span) for span in own), int(case.get("tags", 0)))


def _span(own: Optional[int]) -> Optional[str]:
    return None if own is None else str(own)


def mangled(vectors: Case) -> Answers:
    for case in vectors["mangled"]:
        yield case, case["mangled"], _mangler(case["by"])(bytes.fromhex(case["key"])).hex()


def key_cases(vectors: Case) -> Answers:
    yield from mangled(vectors)
    for case in vectors["tags"]:
        yield case, case["slot"], str(slot(bytes.fromhex(case["name"])))
    places = {"native": keys.in_redis, "python": keys.in_redis_beside_python}
    for case in vectors["redis"]:
        place = places[case["compatibility"]]
        value, lease = place(case.get("prefix"), case.get("lease_prefix"), bytes.fromhex(case["key"]))
        yield case, (case["value"], case["lease"]), (value.hex(), lease.hex())


def _mangler(by: Case) -> keys.Mangle:
    match by["mangler"]:
        case "identity":
            return keys.identity
        case "prefix":
            return keys.prefix(bytes.fromhex(by["prefix"]))
        case "length_conditional":
            return keys.length_conditional(int(by["from"]), _mangler(by["then"]))
        case other:
            raise ValueError(f"no such mangler: {other}")


def regions(vectors: Case) -> Answers:
    for program in vectors["programs"]:
        spans = int(program["fresh_for"]), int(program["stale_for"])
        of = region.Region(freshness.Policy(*spans, time.from_secs(1)), program["stale_if_error"])
        yield from _steps(of, program["steps"])


def _steps(of: region.Region, steps: list[Case]) -> Answers:
    for step in steps:
        key = step.get("key", "")
        match step["do"]:
            case "set":
                of.set(key, step["value"])
            case "delete":
                of.delete(key)
            case "invalidate":
                of.invalidate(step["how"])
            case "advance":
                of.advance(int(step["span"]))
            case "get":
                yield step, step["answer"], of.get(key)
            case "metadata":
                yield step, step["answer"], _known(of, key)
            case _:
                yield from _asked(of, step)


def _asked(of: region.Region, step: Case) -> Answers:
    """A call with a creator, which runs steps of its own if it is asked."""
    within: list[tuple[object, object, object]] = []
    asked = False

    def creator() -> str:
        nonlocal asked
        asked = True
        within.extend(_steps(of, step["during"] or []))
        if step["creates"] is None:
            raise region.CreatorFailed
        return step["creates"]

    try:
        answer = {"create": of.create, "refresh": of.refresh}[step["do"]](step["key"], creator)
        told = {"value": answer.value, "origin": answer.origin, "age": str(answer.age)}
    except region.Trouble as trouble:
        told = {"trouble": str(trouble)}
    yield from within
    yield step, (step["during"] is not None, step["answer"]), (asked, told)


def _known(of: region.Region, key: str) -> Optional[Case]:
    if key not in of.store:
        return None
    stored = of.store[key]
    return {
        "verdict": of.judge(stored),
        "epoch": str(stored.metadata.epoch),
        "age": str(time.since(of.now, stored.metadata.created)),
    }


def _word(word: Case) -> state.Word:
    return state.Word(word["phase"], int(word["claim"]), word["stale"])


def _spelled(word: state.Word) -> Case:
    return {
        "phase": word.phase,
        "claim": str(word.claim),
        "stale": word.stale,
        "bits": str(word.bits()),
    }


#: The lists of each file.
LISTS: dict[str, tuple[str, ...]] = {
    "time": ("sums", "spans"),
    "transitions": ("cells",),
    "claim-numbers": ("words", "cells"),
    "freshness": ("verdicts",),
    "epochs": ("raised", "rows"),
    "flow": ("events", "actions", "traces"),
    "records": ("encoded", "decoded"),
    "keys": ("mangled", "tags", "redis"),
    "regions": ("programs",),
}

#: Lists of rows of steps.
WITH_STEPS = ("rows", "traces", "programs")

#: Which part replays which file. A file without a part, or a part without a file, is an error.
PARTS: dict[str, Callable[[Case], Answers]] = {
    "time": times,
    "transitions": transitions,
    "claim-numbers": claim_numbers,
    "freshness": verdicts,
    "epochs": epochs,
    "flow": flows,
    "records": records,
    "keys": key_cases,
    "regions": regions,
}
