"""Counter-based random numbers.

Every number is a function of (seed, problem name, stream, step) alone: it does not depend on the
stack, the part, the order of jobs or the device, and a resumed fit has nothing to restore.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

_PER_COUNTER = 4  # Philox gives four 64-bit numbers per tick of its counter.


def _philox(seed: int, name: str, stream: str) -> np.random.Philox:
    digest = hashlib.sha256(f"{seed}\x00{name}\x00{stream}".encode()).digest()
    return np.random.Philox(key=np.frombuffer(digest[:16], dtype=np.uint64))


def generator(seed: int, name: str, stream: str) -> np.random.Generator:
    """A generator for draws that do not belong to a step, such as initial weights."""
    return np.random.Generator(_philox(seed, name, stream))


def uniforms(
    seed: int, name: str, stream: str, *, first_step: int, steps: int, count: int
) -> NDArray[np.float64]:
    """Uniform numbers (steps, count) in [0, 1) for the steps from `first_step` on.

    The numbers of a step are the same however the steps are divided into blocks.
    """
    ticks = -(-count // _PER_COUNTER)
    bits = _philox(seed, name, stream)
    bits.advance(first_step * ticks)
    drawn = np.random.Generator(bits).random((steps, ticks * _PER_COUNTER))
    return drawn[:, :count]
