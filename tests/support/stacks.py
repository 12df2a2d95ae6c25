"""Stacks of test problems, run to their ends, and long work that is stopped before its own."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from isr.data.problems import Problem
from isr.fitting.engine.queue import Result
from isr.fitting.engine.stack import Stack


def loader(problems: Mapping[str, Problem], kind: str) -> Callable[[str, int], Problem]:
    """Reads the problems of a stack of some kind: a predictor is trained without unaries."""
    trained = kind in ("fcn", "cnn")

    def load(name: str, seed: int) -> Problem:
        return replace(problems[name], unaries=None) if trained else problems[name]

    return load


def run(stack: Stack, after_block: Callable[[Stack], object] | None = None) -> Any:
    """What a stack of one seed finds, by the names of its problems alone."""
    while not stack.finished:
        stack.advance()
        if after_block is not None:
            after_block(stack)
    return named(stack)


def named(stack: Stack) -> Any:
    """The result so far without the seed, of which there is but one."""
    stack.collect_history()
    found: Any = Result()
    found.states = {name: state for (name, _), state in stack.result.states.items()}
    found.finite = {name: finite for (name, _), finite in stack.result.finite.items()}
    found.history = [(name, *rest) for name, _, *rest in stack.result.history]
    assert len({seed for _, seed in stack.result.states}) <= 1
    return found


def assert_same_bits(one: Result, other: Result) -> None:
    """See that two results are the same to the last bit."""
    assert list(one.states) == list(other.states)
    for name, state in one.states.items():
        for key, value in state.items():
            assert torch.equal(value, other.states[name][key]), (name, key)
    assert one.finite == other.finite
    assert one.history == other.history


class StoppedError(Exception):
    """Stands for whatever ends a job early."""


@contextmanager
def limited(work: Any, times: int) -> Iterator[None]:
    """Work of this class advances so often in all, and raises `StoppedError` at the next time."""
    advance, left = work.advance, [times]

    def stop(self: Any) -> None:
        if left[0] == 0:
            raise StoppedError
        left[0] -= 1
        advance(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "advance", stop)
        yield


@contextmanager
def stopped(work: Any, times: int) -> Iterator[None]:
    """What is done here is stopped after work of this class has advanced so often."""
    with limited(work, times), pytest.raises(StoppedError):
        yield


def files_of(folder: Path) -> dict[str, bytes]:
    """What the files under a folder hold, by their places in it."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
