import numpy as np
import pytest
import torch

from isr.constraints import NAMES, build
from isr.coordinates import ThirdAxis
from isr.evaluation.certificates import all_hold, certify
from isr.evaluation.drawing import draw_level
from isr.representations.union import Union

MEMBERS = [
    {"name": "convex", "options": {"width": 8}},
    {"name": "star_shaped", "options": {"width": 8}},
    {"name": "mirror_symmetric", "options": {"width": 8}},
]


def union(cls=Union, **options):
    torch.manual_seed(0)
    representation = cls(2, members=MEMBERS, **options)
    representation.project_()
    return representation


def failing(representation, **options) -> list[tuple[str, str]]:
    certificates = certify(representation, 24, 32, seed=0, **options)
    return [(c.property, c.method) for c in certificates if not c.holds]


def test_members_have_their_own_certificates_with_numbers():
    certificates = certify(union(), 24, 32, seed=0)
    assert all_hold(certificates), certificates
    own = "union of convex, star-shaped, mirror-symmetric"
    names = [own, "member 1: convex", "member 2: star-shaped", "member 3: mirror-symmetric"]
    assert [c.property for c in certificates] == [name for name in names for _ in range(3)]
    assert [c.method for c in certificates] == ["structure", "sampled margin", "raster"] * 4


class Largest(Union):
    def forward(self, coordinates):
        return self.parts(coordinates).amax(-1)


class Smooth(Union):
    def forward(self, coordinates):
        return -torch.logsumexp(-100 * self.parts(coordinates), -1) / 100


class OtherParts(Union):
    def parts(self, coordinates):
        return super().parts(coordinates) - 1e-12

    def forward(self, coordinates):
        return super().parts(coordinates).amin(-1)


@pytest.mark.parametrize("cls", [Largest, Smooth, OtherParts])
def test_mutations_fail(cls):
    assert "sampled margin" in [method for _, method in failing(union(cls))]


def test_a_member_that_fails_fails_the_union():
    representation = union()
    with torch.no_grad():
        representation.members[0].network.output_z.weight[0, 3] = -0.5
    found = failing(representation)
    assert ("member 1: convex", "structure") in found
    assert not any(name.startswith("member 2") for name, _ in found)


def test_the_structure_holds_only_where_every_members_does():
    members = [MEMBERS[0], {"name": "path_connected", "options": {"blocks": 2}}]
    representation = build("union", members=members)
    representation.project_()
    assert ("union of convex, path-connected", "structure") not in failing(representation)
    # Its signs are right; it is out of a bound that only the member knows of.
    with torch.no_grad():
        representation.members[1].linear.log_scale.fill_(3.5)
    certificates = certify(representation, 24, 32, seed=0)
    union_, *_, member = (c for c in certificates if c.method == "structure")
    assert not union_.holds
    assert not member.holds
    assert union_.margin == member.margin == pytest.approx(-0.5)
    assert union_.sentence.startswith("Member 2 (path-connected): The largest log-scale of")


def test_a_torn_level_fails_the_raster():
    representation = union()
    level = draw_level(representation, 24, 32)
    level[5, 5] *= -1
    assert failing(representation, level=level) == [
        ("union of convex, star-shaped, mirror-symmetric", "raster")
    ]


@pytest.mark.parametrize("dim", [2, 3])
def test_every_representation_can_be_a_member(dim):
    names = [name for name in NAMES if name != "union"]
    options = {"path_connected": {"blocks": 6}}
    members = [{"name": name, "options": options.get(name, {})} for name in names]
    representation = build("union", dim, members=members)
    representation.project_()
    third = ThirdAxis("t", np.linspace(0, 1, 2)) if dim == 3 else None
    certificates = certify(representation, 8, 10, third=third, seed=0)
    assert all_hold(certificates), [c for c in certificates if not c.holds]


def test_unions_of_unions():
    inner = {"name": "union", "options": {"count": 2, "options": {"width": 4}}}
    representation = build("union", members=[inner, MEMBERS[0]])
    representation.project_()
    certificates = certify(representation, 8, 10, seed=0)
    assert all_hold(certificates), [c for c in certificates if not c.holds]
    assert "member 1: member 2: convex" in [c.property for c in certificates]
