"""Representations with a known or an adversarial shape."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch

from isr.representations.convex import Convex

HalfPlane = tuple[float, float, float]


def _polygon(planes: Sequence[HalfPlane]) -> Convex:
    """The region where a x + b y + c <= 0 for each (a, b, c), to a millionth."""
    representation = Convex(2, width=len(planes))
    network = representation.network
    with torch.no_grad():
        for parameter in representation.parameters():
            parameter.zero_()
        for row, (a, b, c) in enumerate(planes):
            network.first.weight[row] = torch.tensor([a, b])
            network.first.bias[row] = c
        network.hidden_z[0].weight[0] = 1.0
        network.output_z.weight[0, 0] = 1.0
        network.output_z.bias[0] = -1e-6
    return representation


def _random_convex(seed: int, width: int = 130) -> Convex:
    """A convex region somewhere in the unit square, bounded by many edges."""
    generator = np.random.default_rng(seed)
    angles = generator.uniform(0, 2 * np.pi, size=12)
    centre = generator.uniform(0.35, 0.6, size=2)
    torch.manual_seed(seed)
    representation = Convex(2, width=width)
    representation.project_()
    network = representation.network
    with torch.no_grad():
        normals = torch.tensor(np.stack([np.cos(angles), np.sin(angles)], axis=-1))
        network.first.weight[:12] = normals.float() * 5
        offsets = -(normals @ torch.tensor(centre)) - torch.tensor(generator.uniform(0, 0.2, 12))
        network.first.bias[:12] = offsets.float() * 5
        at_centre = float(representation(torch.tensor(centre, dtype=torch.float32)))
        network.output_z.bias -= at_centre + float(generator.uniform(0.02, 0.15))
    return representation


@pytest.fixture
def polygon() -> Callable[[Sequence[HalfPlane]], Convex]:
    return _polygon


@pytest.fixture(scope="session")
def random_convex() -> Callable[..., Convex]:
    return _random_convex
