import copy

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
from isr.evaluation.certificates import Certificate, all_hold, certify
from isr.evaluation.drawing import draw_level
from isr.evaluation.outlines import outline
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


def test_unconstrained_promises_nothing():
    representation = build("unconstrained", 2)
    (certificate,) = certify(representation, 24, 32, seed=0)
    assert (certificate.property, certificate.verdict) == ("none", "no guarantee")
    assert certificate.holds
    with torch.no_grad():
        next(representation.parameters()).fill_(np.nan)
    (certificate,) = certify(representation, 24, 32, seed=0)
    assert not certificate.holds


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


@pytest.mark.parametrize("kind", [Pointed, Sharper])
def test_a_subclass_gets_the_certificate_and_outline_of_the_nearest_record(random_convex, kind):
    own, known = kind(2, width=130), random_convex(1)
    own.load_state_dict(known.state_dict())
    assert constraints.record_of(own) == constraints.record("convex")
    assert certify(own, 24, 32, seed=0) == certify(known, 24, 32, seed=0)
    assert outline(own, 24, 32).equals(outline(known, 24, 32))


def certify_pointed(representation, scene, level, *, seed):
    sentence = f"{scene.width} x {scene.height} from seed {seed}."
    return [Certificate("pointed", "look", float(level.min()), True, "holds", sentence)]


def outline_of_pointed(representation, canvas, drawn):
    return box(1, 2, 3, 4)


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
    assert outline(own, 24, 32).bounds == (1, 2, 3, 4)
    assert outline(random_convex(1), 24, 32).bounds != (1, 2, 3, 4)
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
