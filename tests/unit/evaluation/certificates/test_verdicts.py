import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from certificate_checks import THIRD, failing
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from isr import constraints
from isr.constraints import build
from isr.coordinates import ThirdAxis
from isr.evaluation.certificates import Certificate, all_hold, certify, in_words
from isr.evaluation.certificates.rounding import (
    EPS,
    WORST,
    largest,
    rounding_scale,
    shrunk,
    tolerance,
)
from isr.evaluation.certificates.verdicts import Finding, at_most, joined
from isr.evaluation.drawing import draw_level
from isr.evaluation.outlines import outline
from isr.fitting.unaries import fit_unaries
from isr.networks.input_convex import InputConvexNetwork, PartiallyConvexNetwork
from isr.networks.layers import MLP
from isr.representations import Representation
from isr.representations.convex import Convex


def test_the_level_has_the_shape_of_the_scene():
    representation = build("convex", 3, width=4)
    with pytest.raises(ValueError, match="shape"):
        certify(representation, 24, 32, third=THIRD["t"], seed=0, level=np.ones((24, 32)))


def test_same_seed_same_certificate(random_convex):
    representation = random_convex(3)
    first, again, other = (certify(representation, 24, 32, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first[1].margin != other[1].margin


def test_a_drawn_level_is_used_and_checked(random_convex):
    representation = random_convex(1)
    level = draw_level(representation, 24, 32)
    assert certify(representation, 24, 32, seed=0, level=level) == certify(
        representation, 24, 32, seed=0
    )
    torn = level.copy()
    torn[level == level.min()] = 1.0
    assert failing(representation, level=torn) == ["raster"]
    with pytest.raises(ValueError, match="shape"):
        certify(representation, 32, 24, seed=0, level=level)


def test_certifying_leaves_the_representation_as_it_is(random_convex):
    representation = random_convex(2)
    before = copy.deepcopy(representation.state_dict())
    certify(representation, 24, 32, seed=0)
    assert all(torch.equal(before[n], v) for n, v in representation.state_dict().items())


def test_an_unknown_type_is_refused():
    class Other(Representation):
        def forward(self, coordinates):
            return coordinates[..., 0]

    with pytest.raises(TypeError, match="no constraint has the representation Other"):
        certify(Other(), 4, 4, seed=0)


class Pointed(Convex):
    """A constraint that has no record: a convex region that is something else besides."""


class Sharper(Pointed):
    """Two classes away from the record."""


def test_a_subclass_gets_the_certificate_and_outline_of_the_nearest_record(random_convex):
    own, known = Sharper(2, width=130), random_convex(1)
    own.load_state_dict(known.state_dict())
    assert constraints.record_of(own) == constraints.record("convex")
    assert certify(own, 24, 32, seed=0) == certify(known, 24, 32, seed=0)
    assert outline(own, 24, 32).equals(outline(known, 24, 32))


def certify_pointed(representation, scene, level, *, seed):
    sentence = f"{scene.width} x {scene.height} from seed {seed}."
    return [Certificate("pointed", "look", float(level.min()), True, "holds", sentence)]


def outline_of_pointed(representation, canvas, drawn):
    return None if drawn.min() > 0 else box(1, 2, 3, 4)


def test_a_record_of_its_own_comes_before_that_of_its_base(random_convex, monkeypatch):
    record = constraints.Constraint(
        "pointed",
        f"{__name__}:Pointed",
        "pointed",
        f"{__name__}:certify_pointed",
        f"{__name__}:outline_of_pointed",
    )
    monkeypatch.setattr(constraints, "CONSTRAINTS", (*constraints.CONSTRAINTS, record))
    own = Pointed(2, width=130)
    own.load_state_dict(random_convex(1).state_dict())
    (found,) = certify(own, 24, 32, seed=5, level=np.ones((24, 32)))
    assert (found.property, found.margin, found.sentence) == ("pointed", 1, "32 x 24 from seed 5.")
    # Where it disagrees with the pixels, these are traced.
    drawn = np.ones((24, 32))
    drawn[2:4, 1:3] = -1.0
    assert outline(own, 24, 32, level=drawn).bounds == (1, 2, 3, 4)
    level = draw_level(own, 24, 32)
    assert outline(own, 24, 32).equals(outline(own, 24, 32, level=level))
    assert outline(own, 24, 32).area > 20
    union = build("union", 2, members=[{"name": "convex", "options": {"width": 130}}] * 2)
    union.members[1] = own
    found = certify(union, 24, 32, seed=5)
    assert [row.property for row in found if row.method == "look"] == ["member 2: pointed"]


def test_nothing_checked_is_not_passed():
    assert not all_hold([])


SMALL = {
    "periodic": {"waves": 20},
    "lattice_periodic": {"harmonics": 2},
    "union": {"count": 2, "options": {"width": 8}},
    "path_connected": {"base_options": {"width": 8}, "hidden_units": 8},
}
DEPTH = ThirdAxis("z", np.linspace(0, 0.6, 4))


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("name", constraints.NAMES)
@settings(max_examples=4, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31), size=st.sampled_from([1e-3, 0.3, 1.0]))
def test_projected_parameters_keep_the_promise(name, dim, seed, size):
    representation = build(name, dim, **SMALL.get(name, {"width": 8}))
    generator = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in representation.parameters():
            drawn = generator.normal(0, size, tuple(parameter.shape))
            parameter.add_(torch.from_numpy(np.asarray(drawn)).to(parameter))
    representation.project_()
    third = None if dim == 2 else DEPTH
    certificates = certify(representation, 12, 16, third=third, seed=0)
    assert all_hold(certificates), [c.sentence for c in certificates if not c.holds]


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", constraints.NAMES)
def test_a_state_that_is_not_finite_fails_without_raising(name, value):
    representation = build(name, **SMALL.get(name, {"width": 8}))
    representation.project_()
    parameters = list(representation.named_parameters())
    for part, parameter in parameters[:: 1 + len(parameters) // 8]:
        before = parameter.detach().clone()
        with torch.no_grad():
            parameter[(0,) * parameter.ndim] = value
        found = certify(representation, 12, 16, seed=0)
        if name == "unconstrained":
            # It promises finite levels alone, which a bounded activation may keep.
            assert found[0].holds == np.isfinite(draw_level(representation, 12, 16)).all()
        else:
            assert (found[0].holds, found[0].margin) == (False, -np.inf)
            assert part in found[0].sentence
        if name not in ("unconstrained", "convex", "union"):
            assert not any(certificate.holds for certificate in found)
        with torch.no_grad():
            parameter.copy_(before)
    with torch.no_grad():
        for parameter in representation.parameters():
            parameter.fill_(np.nan)
    assert outline(representation, 24, 32).is_empty


def test_a_certificate_holds_if_all_findings_do():
    good, better = Finding(0.5, True, "A."), Finding(0.1, True, "B.")
    certificate = joined("convex", "structure", [good, better], "special")
    assert (certificate.margin, certificate.holds, certificate.verdict) == (0.5, True, "special")
    assert certificate.sentence == "A. B."
    failing = joined("convex", "structure", [good, Finding(-2, False, "C."), better], "special")
    assert (failing.margin, failing.holds, failing.verdict) == (-2, False, "fails")
    assert failing.sentence == "C. A. B."


def test_an_error_has_to_be_finite_and_within_its_limit():
    assert at_most(1.0, 1.0, "{value} {limit}").holds
    assert at_most(1.0, 1.0, "{value} {limit}").margin == -1.0
    assert not at_most(1.1, 1.0, "").holds
    assert at_most(np.nan, 1.0, "").margin == -np.inf


# What rounding explains.

NETWORKS = {
    "mlp": (lambda: MLP([2, 30, 30, 1]), lambda network, x: network(x).squeeze(-1)),
    "convex": (lambda: InputConvexNetwork(2, width=30), lambda network, x: network(x)),
    "partial": (
        lambda: PartiallyConvexNetwork(1, 1, width=30, hidden_layers=2),
        lambda network, x: network(x[..., :1], x[..., 1:]),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e3])
def test_the_scale_bounds_values_and_rounding_errors(name, gain):
    make, value = NETWORKS[name]
    torch.manual_seed(0)
    network = make()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(gain)
        x = 2 * torch.rand(500, 2) - 1
        single = value(network, x).double()
        double = value(network.double(), x.double())
    scale = rounding_scale(network, np.ones(2))
    assert double.abs().max() <= scale
    error = float((single - double).abs().max())
    assert 0 < error <= 8 * torch.finfo(torch.float32).eps * scale
    assert error >= 1e-6 * torch.finfo(torch.float32).eps * (scale if scale > 1 else 0)


def test_an_unknown_network_is_refused():
    with pytest.raises(TypeError, match="Conv2d"):
        rounding_scale(torch.nn.Conv2d(1, 1, 1), np.ones(2))


def test_overflow_excuses_nothing():
    assert tolerance(np.inf) == tolerance(np.nan) == 0.0
    assert tolerance(2.0) == 16 * EPS
    assert shrunk(np.nan, 1.0, np.inf, extent=1.0) == 0.0
    assert shrunk(1e-6, 3e-15, 1.0, extent=np.inf) == 0.0


def test_what_does_not_shrink_is_not_rounding():
    # An error of 1e-4 in both precisions is a mistake, one that shrinks with them is not.
    assert shrunk(1e-4, 1e-4, 1.0, extent=1.0) < 1e-4
    assert shrunk(1e-6, 3e-15, 1.0, extent=1.0) > 3e-15
    assert shrunk(0.0, 0.0, 1.0, extent=1.0) == 8 * EPS


def test_rounding_excuses_a_millionth_of_the_extent_at_most():
    # Both errors and their magnitude are beyond any picture, although they shrink as they should.
    assert shrunk(1e19, 1e9, 1e20, extent=1.0) == WORST
    assert shrunk(1e19, 1e9, 1e20, extent=7.0) == 7 * WORST
    assert shrunk(1e-6, 3e-15, 1.0, extent=1.0) == shrunk(1e-6, 3e-15, 1.0, extent=1e9)


def test_largest_magnitude():
    assert largest(np.array([1.0, -3.0])) == 3.0
    assert largest(np.array([1.0, np.nan])) == np.inf
    assert largest(np.zeros(0)) == 0.0


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("convex", "every check holds"),
        ("unconstrained", "nothing is promised"),
        ("periodic", "nothing is promised"),
    ],
)
def test_no_guarantee_is_claimed_of_what_has_none(kind, words):
    disc = np.hypot(*(np.mgrid[:12, :16] - [[[6]], [[8]]])) < 4
    shape = fit_unaries(disc.astype(np.float32), kind, steps=60)
    checks = certify(shape, 12, 16, seed=0)
    assert in_words(checks) == words
    assert in_words([replace(checks[0], holds=False), *checks[1:]]) == "a check fails"
