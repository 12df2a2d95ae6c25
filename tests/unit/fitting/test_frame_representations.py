import numpy as np
import pytest
import torch
from isr.fitting.frame_representations import FrameRepresentations

from isr.constraints import build
from isr.networks.layers import initialise_

CPU = torch.device("cpu")
KIND, OPTIONS = "convex", {"width": 6}


def _module(seed: int = 0):
    module = build(KIND, **OPTIONS)
    initialise_(module, np.random.default_rng(seed))
    module.project_()
    return module


def _state(seed: int) -> dict[str, torch.Tensor]:
    module = _module(seed)
    return {f"representation.{key}": p.detach().clone() for key, p in module.named_parameters()}


def _frames(learning_rate: float = 1e-2) -> FrameRepresentations:
    states = {"v/00000": _state(0), "v/00003": _state(1)}
    return FrameRepresentations(_module(9), states, learning_rate=learning_rate, device=CPU)


def _loss(module, step: int) -> torch.Tensor:
    points = torch.rand(50, 2, generator=torch.Generator().manual_seed(step))
    inside = ((points - 0.5).square().sum(-1) < 0.1).float()
    return torch.nn.functional.binary_cross_entropy_with_logits(-module(points), inside)


def _step(frames: FrameRepresentations, frame: str, step: int) -> None:
    _loss(frames.load(frame), step).backward()
    frames.step(frame)


def test_what_was_given_comes_back():
    frames = _frames()
    assert "v/00000" in frames
    assert "v/00001" not in frames
    for frame, seed in (("v/00000", 0), ("v/00003", 1)):
        for key, value in frames.stored(frame).items():
            assert torch.equal(value, _state(seed)[key])
        module = frames.load(frame)
        for key, value in module.named_parameters():
            assert torch.equal(value, _state(seed)[f"representation.{key}"])


@pytest.mark.parametrize("pattern", ["aab", "abab", "bbbaa"])
def test_each_frame_is_optimised_as_if_it_were_alone(pattern):
    """torch's own Adam with the projection after each step, for either frame."""
    frames, steps = _frames(), {"a": 0, "b": 0}
    for turn in pattern:
        _step(frames, "v/00000" if turn == "a" else "v/00003", steps[turn])
        steps[turn] += 1
    for turn, frame, seed in (("a", "v/00000", 0), ("b", "v/00003", 1)):
        alone = _module(seed)
        optimiser = torch.optim.Adam(alone.parameters(), 1e-2)
        for step in range(steps[turn]):
            optimiser.zero_grad()
            _loss(alone, step).backward()
            optimiser.step()
            alone.project_()
        for key, value in alone.named_parameters():
            found = frames.stored(frame)[f"representation.{key}"]
            assert torch.allclose(found, value, atol=1e-5), key


def test_the_constraint_holds_after_every_step():
    frames = _frames(learning_rate=0.5)
    for step in range(5):
        _step(frames, "v/00000", step)
        module = build(KIND, **OPTIONS)
        stored = frames.stored("v/00000").items()
        module.load_state_dict({key.removeprefix("representation."): v for key, v in stored})
        for weight in module.constrained_weights().values():
            assert (weight >= 0).all()
    assert any((weight == 0).any() for weight in module.constrained_weights().values())


def test_a_gradient_that_is_not_finite_changes_nothing():
    frames = _frames()
    _step(frames, "v/00003", 0)
    before = {key: value.clone() for key, value in frames.state().items()}
    (_loss(frames.load("v/00003"), 1) * torch.nan).backward()
    frames.step("v/00003")
    for key, value in frames.state().items():
        assert torch.equal(value, before[key])


def test_a_state_is_all_that_is_needed_to_go_on():
    one, other = _frames(), _frames()
    _step(one, "v/00000", 0)
    _step(one, "v/00003", 1)
    state = {key: value.clone() for key, value in one.state().items()}
    other.load_state(state)
    for frames in (one, other):
        _step(frames, "v/00000", 2)
        _step(frames, "v/00003", 3)
    for key, value in one.state().items():
        assert torch.equal(value, other.state()[key])


def test_a_video_may_have_no_representation_at_all():
    frames = FrameRepresentations(_module(), {}, learning_rate=0.1, device=CPU)
    assert "v/00000" not in frames
    assert len(frames.values) == 0
