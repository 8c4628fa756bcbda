"""Do the vectors bite? Changes the port's tables one place at a time; each change must be found."""

from dataclasses import replace
from math import gcd
from typing import Iterator

from . import flow, state
from .vectors import Answers, Case, flows, transitions


def changed_cells() -> Iterator[tuple[str, dict]]:
    """Each cell of the transition table in turn, replaced by each other thing that a cell can be."""
    others: list[state.Cell] = [state.JOINED, state.CHANGED, state.SUPERSEDED, state.USED]
    marks = (state.CLEAR, state.KEEP, state.SET)
    for phase in state.PHASES:
        others += [state.To(phase, up, mark) for up in (False, True) for mark in marks]
    for (request, phase), cell in state.TABLE.items():
        for other in others:
            if other != cell:
                name = f"{request} on {phase}: {other} instead of {cell}"
                yield name, state.TABLE | {(request, phase): other}


def changed_arms() -> Iterator[tuple[str, flow.Table]]:
    """Each arm of the flow in turn: left out, sent elsewhere, without a condition, or having learned
    nothing of one fact."""
    for place, arm in enumerate(flow.ARMS):
        rest = flow.ARMS[:place], flow.ARMS[place + 1 :]
        yield f"without {arm}", flow.table_of(rest[0] + rest[1])
        elsewhere = flow.CREATE if arm.go != flow.CREATE else flow.LOOK
        changes = [replace(arm, go=elsewhere)]
        if arm.go.then:
            changes.append(replace(arm, go=arm.go._replace(then="Return(Value(Hit))")))
        changes += [replace(arm, when=_without(arm.when, fact)) for fact in arm.when]
        changes += [replace(arm, learn=_without(arm.learn, fact)) for fact in arm.learn]
        for change in (change for change in changes if change != arm):
            yield f"{change} instead of {arm}", flow.table_of((*rest[0], change, *rest[1]))


def _without(facts: tuple[str, ...], fact: str) -> tuple[str, ...]:
    return tuple(other for other in facts if other != fact)


def survivors(cells: Case, traces: Case) -> tuple[int, list[str]]:
    """How many changes were made, and those that no vector noticed."""
    made, survived = 0, []
    traces = _spread(traces)
    for name, table in changed_cells():
        made += 1
        if not _is_found(transitions(cells, table)):
            survived.append(name)
    for name, table in changed_arms():
        made += 1
        if not _is_found(flows(traces, table)):
            survived.append(name)
    return made, survived


def _spread(traces: Case) -> Case:
    """The same traces, neighbours far apart: they begin alike and take the same arms, so a change is
    found the sooner."""
    all_of_them = traces["traces"]
    steps = range(len(all_of_them) * 5 // 8, 0, -1)
    stride = next((step for step in steps if gcd(step, len(all_of_them)) == 1), 1)
    spread = [all_of_them[at * stride % len(all_of_them)] for at in range(len(all_of_them))]
    return traces | {"traces": spread}


def _is_found(answers: Answers) -> bool:
    return any(expected != answered for _, expected, answered in answers)
