"""Single steps of the joint training of a UNet and the representations of its frames."""

import pytest
import torch
from joint_cells import CPU, open_cell

from isr.levels import probability
from isr.objectives import multicut


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
    network, own = cell.predictor("disc"), cell.fits.representation("disc/00001", torch.float32)
    for module in (network, own):
        module.requires_grad_(True)
    level = network(training.video.inputs(1)).flatten(1)
    labels = multicut(level, *training.video.targets(1, 0)).sum()
    points = torch.from_numpy(cell.folder.load_frame("disc/00001").coordinates.reshape(-1, 2))
    error = (probability(own(points)) - probability(level[0])).square().mean()
    (labels + error).backward()
    return labels.detach(), error.detach(), network, own


def test_the_first_step_by_hand(start):
    """All pixels drawn: losses and gradients are those of eq. 17 over the whole picture."""
    cell = open_cell(start, points=300_000)
    training = _at_frame_1(cell.training("disc", CPU))
    labels, error, network, own = _by_hand(cell, training)
    assert error < labels  # Not clipped here.
    training.advance()
    values = {term: value for _, _, term, value in training.history}
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
    cell = open_cell(start, points=300_000)
    training = _at_frame_1(cell.training("disc", CPU))
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
    from isr.fitting import joint_training

    original = joint_training.softly_clipped

    def recorded(term, limit):
        clipped = original(term, limit)
        seen.append((float(term.detach()), float(limit.detach()), float(clipped.detach())))
        return clipped

    monkeypatch.setattr(joint_training, "softly_clipped", recorded)
    monkeypatch.setattr(joint_training, "multicut", lambda *given: multicut(*given) * 1e-3)
    training = open_cell(start).training("disc", CPU)
    for _ in range(4):
        training.advance()
    assert len(seen) == 3  # One of the four labelled frames has no representation.
    for term, limit, clipped in seen:
        assert term > limit
        assert clipped == pytest.approx(limit)


def test_the_published_protocol_takes_the_statistics_of_each_picture(start):
    paper, published = open_cell(start), open_cell(start, protocol="published-code")
    assert not paper.training("disc", CPU).network.training
    training = published.training("disc", CPU)
    assert training.network.training
    number = training.place()[1]
    training.advance()
    held = paper.training("disc", CPU)
    held.advance()
    assert held.place()[:2] == training.place()[:2]
    assert number in (0, 1, 2, 3)
    assert training.history[0][3] != held.history[0][3]


def test_a_step_that_is_not_finite_changes_nothing(start):
    training = open_cell(start).training("disc", CPU)
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
    training = _at_frame_1(open_cell(start).training("disc", CPU))
    owner = training.network if module == "network" else training.representations.module
    next(owner.parameters()).register_hook(lambda gradient: gradient * torch.nan)
    network = [p.clone() for p in training.network.parameters()]
    values = training.representations.values.clone()
    training.advance()
    assert all(map(torch.equal, network, training.network.parameters()))
    assert torch.equal(values, training.representations.values)
    assert training.finite == {"disc/00001": False}
