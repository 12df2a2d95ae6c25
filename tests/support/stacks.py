"""Stacks of test problems, run to their ends."""

from collections.abc import Callable
from typing import Any

from isr.fitting.engine.queue import Result
from isr.fitting.engine.stack import Stack


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
