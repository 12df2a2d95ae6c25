"""Random numbers that are functions of (seed, problem name, stream, step) alone.

They are counter-based: Philox-4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2,
3", SC 2011), keyed by seed, name and stream, with the step in the counter. They depend neither on
the stack, the part, the order of jobs nor the device, and a resumed fit has nothing to restore.

On a processor NumPy draws them. On an accelerator the same bits come from integer tensor
operations, so that the host neither draws nor copies anything while a fit runs.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_PER_COUNTER = 4
"""64-bit numbers that Philox gives per tick of its counter."""
_ROUNDS = 10
_FACTORS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_BUMPS = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
"""What is added to the key after every round."""
_LOW = 2**32 - 1


def stream_key(seed: int, name: str, stream: str) -> NDArray[np.uint64]:
    """The Philox key (2,) of a stream of numbers."""
    digest = hashlib.sha256(f"{seed}\x00{name}\x00{stream}".encode()).digest()
    return np.frombuffer(digest[:16], dtype=np.uint64)


def generator(seed: int, name: str, stream: str) -> np.random.Generator:
    """A generator for draws that do not belong to a step, such as initial weights."""
    return np.random.Generator(np.random.Philox(key=stream_key(seed, name, stream)))


def uniforms(
    seed: int, name: str, stream: str, *, first_step: int, steps: int, count: int
) -> NDArray[np.float64]:
    """Uniform numbers (steps, count) in [0, 1) for the steps from `first_step` on.

    The numbers of a step are the same however the steps are divided into blocks.
    """
    ticks = _ticks(count)
    bits = np.random.Philox(key=stream_key(seed, name, stream))
    bits.advance(first_step * ticks)
    drawn = np.random.Generator(bits).random((steps, ticks * _PER_COUNTER))
    return drawn[:, :count]


def tensor_uniforms(keys: Tensor, first_steps: Sequence[int], steps: int, count: int) -> Tensor:
    """The numbers of `uniforms` for many streams at once, drawn where `keys` lie: the same bits.

    Args:
        keys: (streams, 2), int64: the bits of each stream's key; see `key_tensor`.
        first_steps: of each stream.
        steps: how many.
        count: numbers per step.

    Returns:
        float64 (streams, steps, count).
    """
    ticks, device = _ticks(count), keys.device
    offsets = torch.arange(1, steps * ticks + 1, device=device)
    first = torch.tensor(first_steps, dtype=torch.int64).to(device, non_blocking=True)
    words = _philox((first * ticks)[:, None] + offsets, keys[:, :1], keys[:, 1:])
    # The upper 53 bits of each word, as NumPy takes them.
    drawn = torch.stack([_shifted(word, 11) for word in words], dim=-1).double() * 2.0**-53
    return drawn.reshape(len(keys), steps, ticks * _PER_COUNTER)[..., :count]


def key_tensor(keys: Sequence[NDArray[np.uint64]]) -> Tensor:
    """Keys of streams as int64 (streams, 2) of the same bits."""
    return torch.from_numpy(np.stack(keys).view(np.int64))


def _ticks(count: int) -> int:
    return -(-count // _PER_COUNTER)


def _philox(counter: Tensor, first_key: Tensor, second_key: Tensor) -> list[Tensor]:
    """Four words (streams, n) of Philox-4x64-10 for counters (streams, n) below 2^63.

    Integers are unsigned 64-bit numbers in the bits of int64: sums and products wrap around alike.
    """
    zero = torch.zeros_like(counter)
    words = [counter, zero, zero, zero]
    keys = [first_key, second_key]
    for number in range(_ROUNDS):
        if number:
            keys = [key + _signed(bump) for key, bump in zip(keys, _BUMPS, strict=True)]
        high, low = _product(words[0], _FACTORS[0])
        other_high, other_low = _product(words[2], _FACTORS[1])
        words = [other_high ^ words[1] ^ keys[0], other_low, high ^ words[3] ^ keys[1], low]
    return words


def _product(values: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """Upper and lower 64 bits of unsigned products with a constant."""
    low, high = values & _LOW, _shifted(values, 32)
    factor_low, factor_high = factor & _LOW, factor >> 32
    middle = high * factor_low + _shifted(low * factor_low, 32)
    carry = low * factor_high + (middle & _LOW)
    upper = high * factor_high + _shifted(middle, 32) + _shifted(carry, 32)
    return upper, values * _signed(factor)


def _shifted(values: Tensor, bits: int) -> Tensor:
    """Unsigned shift to the right: what int64 drags in from its sign is masked away."""
    return torch.bitwise_and(values >> bits, 2 ** (64 - bits) - 1)


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value
