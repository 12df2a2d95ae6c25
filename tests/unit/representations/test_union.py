import numpy as np
import pytest
import torch

from isr import constraints
from isr.errors import UserError
from isr.levels import foreground
from isr.networks.layers import initialise_
from isr.representations.convex import Convex
from isr.representations.polar import StarShaped
from isr.representations.union import Union

MIXED = [
    {"name": "convex", "options": {"width": 8}},
    {"name": "star_shaped", "options": {"width": 6}},
    {"name": "path_connected", "options": {"base_options": {"width": 5}}},
]


def _union(seed: int = 0, dim: int = 2, **options) -> Union:
    union = constraints.build("union", dim, **(options or {"members": MIXED}))
    initialise_(union, np.random.default_rng(seed))
    union.project_()
    with torch.no_grad():
        for member in union.members:
            if isinstance(member, Convex):
                member.network.output_z.bias -= member(_points(dim)).median()
    return union


def _points(dim: int = 2) -> torch.Tensor:
    drawn = np.random.default_rng(5).uniform(-0.5, 1.5, (400, dim))
    return torch.from_numpy(drawn.astype(np.float32))


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("options", [{"members": MIXED}, {"member": "convex", "count": 4}])
def test_the_level_is_the_least_of_the_members_bit_for_bit(dim, options):
    union, points = _union(dim=dim, **options), _points(dim)
    levels = [member(points) for member in union.members]
    parts = union.parts(points)
    assert parts.shape == (400, len(levels))
    assert torch.equal(parts, torch.stack(levels, dim=-1))
    least = levels[0]
    for level in levels[1:]:
        least = torch.minimum(least, level)
    assert torch.equal(union(points), least)
    either = torch.stack([foreground(level) for level in levels]).any(0)
    assert torch.equal(foreground(union(points)), either)
    assert either.any()


def test_members_can_be_unions():
    inner = {"name": "union", "options": {"member": "convex", "count": 2}}
    union = _union(members=[inner, {"name": "convex"}])
    assert union.parts(_points()).shape == (400, 3)
    assert torch.equal(union(_points()), union.parts(_points()).amin(-1))


def test_every_member_starts_with_a_share_of_its_own():
    rows, columns = (np.mgrid[0:40, 0:80] + 0.5) / 80
    discs = (np.hypot(columns - 0.2, rows - 0.25) < 0.15) | (
        np.hypot(columns - 0.8, rows - 0.25) < 0.12
    )
    points = torch.from_numpy(np.stack([columns, rows], axis=-1).astype(np.float32))
    union = Union(member="star_shaped", count=2, options={"width": 6})
    union.start_(points, torch.from_numpy(discs.astype(np.float32)))
    one, two = (member.centre.tolist() for member in union.members)
    assert one == pytest.approx([0.2, 0.25], abs=0.03)
    assert two == pytest.approx([0.8, 0.25], abs=0.03)
    assert all(isinstance(member, StarShaped) for member in union.members)


def test_regularisers_of_members_are_added():
    union = _union()
    assert union.regulariser().shape == ()
    for number, member in enumerate(union.members):
        member.regulariser = lambda number=number: torch.tensor(10.0**number)
    assert union.regulariser().item() == 111.0


@pytest.mark.parametrize(
    ("options", "words"),
    [({"members": []}, "union has no members"), ({"count": 0}, "'count' is 0")],
)
def test_a_union_needs_a_member(options, words):
    with pytest.raises(UserError, match=words):
        constraints.build("union", 2, **options)


def test_unknown_members_are_a_users_mistake():
    with pytest.raises(UserError, match="'convx'"):
        constraints.build("union", 2, member="convx")
    with pytest.raises(UserError, match="members: one has no name"):
        constraints.build("union", 2, members=[{"options": {}}])
    with pytest.raises(UserError, match=r"convex.*no_such"):
        constraints.build("union", 2, options={"no_such": 1})
