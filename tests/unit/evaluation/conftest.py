"""Representations with a known or an adversarial shape."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
import torch

from isr.constraints import build
from isr.representations import Representation
from isr.representations.convex import Convex
from isr.representations.path_connected import PathConnected

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


def _bent(planes: Sequence[HalfPlane], *, slope: float = 0.0, offset: float = 0.0) -> PathConnected:
    """A polygon whose points (x, y) were at y + tanh(slope |2 x - 1| + offset) / 2."""
    representation = build(
        "path_connected", blocks=2, base_options={"width": len(planes), "hidden_layers": 1}
    )
    assert isinstance(representation, PathConnected)
    representation.base.load_state_dict(_polygon(planes).state_dict())
    flow = representation.flow
    with torch.no_grad():
        # The second network is the shift of the first block.
        flow.first.weight[1] = 0.0
        flow.first.bias[1] = 0.0
        flow.first.weight[1, :2, 0] = torch.tensor([1.0, -1.0])
        flow.last.weight[1, 1, :2] = slope
        flow.last.bias[1, 1] = offset
    return representation


def _bar(y: float, half: float, *, tilt: float = 0.0, left: float = 0.1, right: float = 0.9):
    """Half-planes of a bar of height 2 `half` round the line y + `tilt` x."""
    return [(-1, 0, left), (1, 0, -right), (-tilt, 1, -y - half), (tilt, -1, y - half)]


def _scatter_(
    representation: Representation, generator: np.random.Generator, scales: Mapping[str, float]
) -> None:
    """Draw all parameters: normal, with the scale of the first prefix of their name, or 1."""
    with torch.no_grad():
        for name, parameter in representation.named_parameters():
            scale = next((s for prefix, s in scales.items() if name.startswith(prefix)), 1.0)
            values = generator.normal(size=tuple(parameter.shape)) * scale
            parameter.copy_(torch.from_numpy(np.asarray(values)))
    representation.project_()


@pytest.fixture(scope="session")
def bent() -> Callable[..., PathConnected]:
    return _bent


@pytest.fixture(scope="session")
def bar() -> Callable[..., list[HalfPlane]]:
    return _bar


@pytest.fixture(scope="session")
def scatter_() -> Callable[..., None]:
    return _scatter_


@pytest.fixture
def polygon() -> Callable[[Sequence[HalfPlane]], Convex]:
    return _polygon


@pytest.fixture(scope="session")
def random_convex() -> Callable[..., Convex]:
    return _random_convex
