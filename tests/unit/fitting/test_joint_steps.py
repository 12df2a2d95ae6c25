"""Single steps of the joint training of a UNet and the representations of its frames."""

import numpy as np
import pytest
import torch
from joint_jobs import CPU, SEED, opened

from isr.constraints import build
from isr.fitting import joint_frames
from isr.fitting.joint_frames import FrameRepresentations
from isr.levels import probability
from isr.networks.layers import initialise_
from isr.objectives import multicut

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


def _turn(frames: FrameRepresentations, frame: str, step: int) -> None:
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
        _turn(frames, "v/00000" if turn == "a" else "v/00003", steps[turn])
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
        _turn(frames, "v/00000", step)
        module = build(KIND, **OPTIONS)
        stored = frames.stored("v/00000").items()
        module.load_state_dict({key.removeprefix("representation."): v for key, v in stored})
        for weight in module.constrained_weights().values():
            assert (weight >= 0).all()
    assert any((weight == 0).any() for weight in module.constrained_weights().values())


def test_a_gradient_that_is_not_finite_changes_nothing():
    frames = _frames()
    _turn(frames, "v/00003", 0)
    before = {key: value.clone() for key, value in frames.state().items()}
    (_loss(frames.load("v/00003"), 1) * torch.nan).backward()
    frames.step("v/00003")
    for key, value in frames.state().items():
        assert torch.equal(value, before[key])


def test_a_state_is_all_that_is_needed_to_go_on():
    one, other = _frames(), _frames()
    _turn(one, "v/00000", 0)
    _turn(one, "v/00003", 1)
    state = {key: value.clone() for key, value in one.state().items()}
    other.load_state(state)
    for frames in (one, other):
        _turn(frames, "v/00000", 2)
        _turn(frames, "v/00003", 3)
    for key, value in one.state().items():
        assert torch.equal(value, other.state()[key])


def test_a_video_may_have_no_representation_at_all():
    frames = FrameRepresentations(_module(), {}, learning_rate=0.1, device=CPU)
    assert "v/00000" not in frames
    assert len(frames.values) == 0


def _at_frame_1(training):
    """The training, where the next step sees the frame disc/00001."""
    while training.place()[1] != 1:
        training.done += 1
    return training


def _by_hand(cell, training):
    """Both terms of eq. 17 over the whole picture of disc/00001, and the networks with gradients.

    Returns:
        L_multicut, MSE(P, N), the UNet and the representation after `backward` of their sum.
    """
    network, own = cell.network(), cell.fits.representation("disc/00001", torch.float32)
    for module in (network, own):
        module.requires_grad_(True)
    level = network(training.video.inputs(1)).flatten(1)
    labels = multicut(level, *training.video.targets(1, 0)).sum()
    points = torch.from_numpy(
        cell.job.reader.load_frame("disc/00001", SEED).coordinates.reshape(-1, 2)
    )
    error = (probability(own(points)) - probability(level[0])).square().mean()
    (labels + error).backward()
    return labels.detach(), error.detach(), network, own


def test_the_first_step_by_hand(start):
    """All pixels drawn: losses and gradients are those of eq. 17 over the whole picture."""
    cell = opened(start, points=300_000)
    training = _at_frame_1(cell.training())
    labels, error, network, own = _by_hand(cell, training)
    assert error < labels  # Not clipped here.
    training.advance()
    values = {term: value for *_, term, value in training.history}
    assert values == pytest.approx({"multicut": float(labels), "coupling": float(error)}, rel=2e-3)
    for found, expected in ((training.network, network), (training.representations.module, own)):
        gradients = dict(found.named_parameters())
        largest = max(float(p.grad.norm()) for p in expected.parameters())
        for key, parameter in expected.named_parameters():
            difference = gradients[key].grad - parameter.grad
            # Their size, not their signs alone; what is small beside the others may be rounding.
            allowed = 0.01 * float(parameter.grad.norm()) + 1e-4 * largest
            assert float(difference.norm()) < allowed, key


def test_the_first_step_moves_both_networks_by_the_rate(start):
    """The first step of Adam is the rate times the gradient's sign."""
    cell = opened(start, points=300_000)
    training = _at_frame_1(cell.training())
    _, _, network, own = _by_hand(cell, training)
    training.advance()
    stored = training.representations.stored("disc/00001")
    for module, after in (
        (network, dict(training.network.named_parameters())),
        (own, {key.removeprefix("representation."): value for key, value in stored.items()}),
    ):
        for key, before in module.named_parameters():
            expected = -1e-4 * before.grad.sign()
            seen = before.grad.abs() > 1e-3
            if "z" in key:  # These must not become negative.
                seen &= before.detach() + expected >= 0
            moved = (after[key] - before).detach()
            assert torch.allclose(moved[seen], expected[seen], atol=5e-6), key


def test_the_coupling_is_clipped_to_the_labels_loss(start, monkeypatch):
    """With labels that are met, the representation and the UNet are hardly moved by MSE(P, N)."""
    seen = []
    original = joint_frames.softly_clipped

    def recorded(term, limit):
        clipped = original(term, limit)
        seen.append((float(term.detach()), float(limit.detach()), float(clipped.detach())))
        return clipped

    monkeypatch.setattr(joint_frames, "softly_clipped", recorded)
    monkeypatch.setattr(joint_frames, "multicut", lambda *given: multicut(*given) * 1e-3)
    training = opened(start).training()
    for _ in range(4):
        training.advance()
    assert len(seen) == 3  # One of the four labelled frames has no representation.
    for term, limit, clipped in seen:
        assert term > limit
        assert clipped == pytest.approx(limit)


def test_the_published_protocol_takes_the_statistics_of_each_picture(start):
    paper, published = opened(start), opened(start, protocol="published-code")
    assert not paper.training().network.training
    training = published.training()
    assert training.network.training
    number = training.place()[1]
    training.advance()
    held = paper.training()
    held.advance()
    assert held.place()[:2] == training.place()[:2]
    assert number in (0, 1, 2, 3)
    assert training.history[0][-1] != held.history[0][-1]


def test_a_step_that_is_not_finite_changes_nothing(start):
    training = opened(start).training()
    name = "disc/00001"
    training.representations.values[training.representations.row[name]] = torch.nan
    _at_frame_1(training)
    before = [p.clone() for p in training.network.parameters()]
    training.advance()
    assert training.finite[name] is False
    assert all(map(torch.equal, before, training.network.parameters()))


@pytest.mark.parametrize("module", ["network", "representations"])
def test_a_gradient_that_is_not_finite_changes_neither_network(start, module):
    """Both losses are finite; only the gradient of one parameter is not."""
    training = _at_frame_1(opened(start).training())
    owner = training.network if module == "network" else training.representations.module
    next(owner.parameters()).register_hook(lambda gradient: gradient * torch.nan)
    network = [p.clone() for p in training.network.parameters()]
    values = training.representations.values.clone()
    training.advance()
    assert all(map(torch.equal, network, training.network.parameters()))
    assert torch.equal(values, training.representations.values)
    assert training.finite == {"disc/00001": False}
