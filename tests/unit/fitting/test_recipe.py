"""Golden shapes: what each representation reaches, and what those of other shapes do not."""

from typing import get_args

import numpy as np
import pytest
import torch

import isr
from isr.constraints import build
from isr.coordinates import ThirdAxis, pixel_coordinates, with_third
from isr.data.problems import Problem
from isr.errors import UserError
from isr.evaluation.drawing import level_function
from isr.fitting.recipe import Recipe, count_objects
from isr.settings import Distance

HEIGHT, WIDTH = 64, 72
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
RADIUS = np.hypot(ROWS - 32, COLUMNS - 36)
ANGLE = np.arctan2(ROWS - 32, COLUMNS - 36)


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def _mask(representation, coordinates=None) -> np.ndarray:
    at = pixel_coordinates(HEIGHT, WIDTH) if coordinates is None else coordinates
    return level_function(representation)(at) <= 0


def _fit(truth: np.ndarray, constraint: str, steps: int, *, given=None, **options) -> float:
    """IoU with `truth` of a fit to `given`, or to the truth itself."""
    unaries = (truth if given is None else given).astype(np.float32)
    options = {"points": 400, **options}
    return _iou(_mask(isr.fit_unaries(unaries, constraint, steps=steps, **options)), truth)


def _hidden(truth: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    given = truth.copy()
    given[rows, columns] = False
    return given


def test_a_star_is_no_convex_region():
    star = 16 + 9 * np.cos(5 * ANGLE) > RADIUS
    assert _fit(star, "star_shaped", 300) >= 0.95
    assert _fit(star, "convex", 200) <= 0.75


def test_a_ring_is_radially_connected_and_no_star():
    ring = (RADIUS < 26) & (RADIUS > 12)
    assert _fit(ring, "radially_connected", 400) >= 0.92
    assert _fit(ring, "star_shaped", 200) <= 0.85


def test_a_u_is_path_connected_and_not_convex():
    inner = (abs(COLUMNS - 36) < 12) & (ROWS < 40)
    shape = (abs(COLUMNS - 36) < 24) & (abs(ROWS - 32) < 24) & ~inner
    options = {"base_options": {"width": 48}}
    assert _fit(shape, "path_connected", 1000, **options) >= 0.95
    assert _fit(shape, "convex", 200) <= 0.75


def test_a_mirror_completes_what_is_hidden():
    x, y = (
        (COLUMNS - 36) * 0.955 + (ROWS - 32) * 0.296,
        (ROWS - 32) * 0.955 - (COLUMNS - 36) * 0.296,
    )
    wings = (abs(x) - 14) ** 2 / 13**2 + (y + 3 - 0.3 * abs(x)) ** 2 / 16**2 < 1
    butterfly = wings | ((abs(x) < 4) & (abs(y) < 22))
    hidden = np.zeros_like(butterfly)
    hidden[20:36, 52:] = butterfly[20:36, 52:]
    unaries = (butterfly & ~hidden).astype(np.float32)
    options = {"steps": 400, "points": 400, "object_weight": 0.6}
    mirrored = _mask(isr.fit_unaries(unaries, "mirror_symmetric", **options))
    assert mirrored[hidden].mean() >= 0.8
    assert _iou(mirrored, butterfly) >= 0.9
    assert _mask(isr.fit_unaries(unaries, "unconstrained", **options))[hidden].mean() <= 0.6


@pytest.mark.parametrize("mirrors", [False, True])
def test_a_rotation_completes_a_hidden_petal(mirrors):
    flower = 18 + 7 * np.cos(5 * ANGLE) > RADIUS
    given = _hidden(flower, slice(26, 38), slice(44, None))
    options = {"order": 5, "mirrors": mirrors, "object_weight": 0.6}
    assert _fit(flower, "rotationally_symmetric", 400, given=given, **options) >= 0.92


def test_a_lattice_finds_hidden_holes():
    across, along = (COLUMNS - 0.09 * (ROWS - 32)) % 12 - 6, (ROWS + 0.1 * COLUMNS) % 14 - 7
    holes = np.hypot(across, along) < 4
    hidden = np.s_[20:44, 24:48]
    given = holes.copy()
    given[hidden] = False
    unaries = given.astype(np.float32)
    fit = isr.fit_unaries(unaries, "lattice_periodic", steps=400, points=400, object_weight=0.6)
    mask = _mask(fit)
    assert _iou(mask, holes) >= 0.9
    assert _iou(mask[hidden], holes[hidden]) >= 0.85


def test_a_union_of_two_discs():
    discs = (np.hypot(ROWS - 20, COLUMNS - 18) < 12) | (np.hypot(ROWS - 44, COLUMNS - 52) < 14)
    assert _fit(discs, "union", 300, count=2) >= 0.95
    assert _fit(discs, "convex", 200) <= 0.75


PATH_CONNECTED_BALL = {
    "object_weight": 0.6,
    "base_options": {"width": 48},
}


def _ball(slices: int = 20) -> tuple[np.ndarray, ThirdAxis]:
    z, rows, columns = np.mgrid[0:slices, 0:24, 0:28] + 0.5
    ball = (z - slices / 2) ** 2 + (rows - 12) ** 2 + (columns - 14) ** 2 < 8**2
    return ball, ThirdAxis("z", (np.arange(slices) + 0.5) / 28)


@pytest.mark.parametrize(
    ("constraint", "steps", "least", "options"),
    [
        ("convex", 300, 0.88, {"object_weight": 0.6}),
        ("star_shaped", 300, 0.84, {"object_weight": 0.6}),
        ("radially_connected", 300, 0.84, {"object_weight": 0.6}),
        ("union", 300, 0.8, {"object_weight": 0.6, "count": 2}),
        ("mirror_symmetric", 400, 0.8, {"object_weight": 0.6}),
        ("rotationally_symmetric", 400, 0.8, {"object_weight": 0.6, "order": 4}),
        ("path_connected", 400, 0.8, PATH_CONNECTED_BALL),
    ],
)
def test_a_ball_with_a_hidden_wedge_in_a_volume(constraint, steps, least, options):
    ball, third = _ball()
    given = ball.copy()
    given[6:14, 8:16, 16:] = False
    unaries = given.astype(np.float32)
    fit = isr.fit_unaries(unaries, constraint, third=third, steps=steps, points=400, **options)
    coordinates = with_third(pixel_coordinates(24, 28), third)
    assert _iou(_mask(fit, coordinates), ball) >= least


def test_a_lattice_of_balls_in_a_volume_finds_hidden_ones():
    z, rows, columns = np.mgrid[0:24, 0:24, 0:28] + 0.5
    balls = ((z % 8 - 4) ** 2 + (rows % 8 - 4) ** 2 + (columns % 9 - 4) ** 2) < 2.8**2
    hidden = np.s_[8:16, 8:16, 9:18]
    given = balls.copy()
    given[hidden] = False
    third = ThirdAxis("z", (np.arange(24) + 0.5) / 28)
    options = {"steps": 300, "points": 600, "object_weight": 0.4, "harmonics": 2}
    fit = isr.fit_unaries(given.astype(np.float32), "lattice_periodic", third=third, **options)
    mask = _mask(fit, with_third(pixel_coordinates(24, 28), third))
    assert _iou(mask, balls) >= 0.75
    assert _iou(mask[hidden], balls[hidden]) >= 0.7


def test_a_plane_is_convex_with_its_depth_where_the_picture_is_not():
    """Floor round an object: neither convex in the picture nor in its strokes."""
    depth = ROWS / HEIGHT
    thing = (abs(COLUMNS - 36) < 10) & (ROWS > 10) & (ROWS < 50)
    depth = np.where(thing, 0.78, depth)
    scribbles = np.zeros((HEIGHT, WIDTH), np.uint8)
    scribbles[4, 5:67] = scribbles[58, 5:67] = scribbles[10:55, 8] = scribbles[10:55, 64] = 1
    scribbles[14:40, 30:42:5] = 255
    third = ThirdAxis("depth", depth)
    fit = isr.fit_scribbles(scribbles, "convex", third=third, steps=500, points=300)
    mask = _mask(fit, with_third(pixel_coordinates(HEIGHT, WIDTH), third))
    assert _iou(mask[:44], ~thing[:44]) >= 0.9
    flat = _mask(isr.fit_scribbles(scribbles, "convex", steps=300, points=300))
    assert _iou(flat[:44], ~thing[:44]) <= 0.85


def test_scribbled_objects_become_parts_that_do_not_overlap():
    scribbles = np.zeros((HEIGHT, WIDTH), np.uint8)
    for label, (row, column) in enumerate([(16, 18), (18, 50), (46, 34)], start=1):
        scribbles[row - 3 : row + 4, column - 5 : column + 6] = label
    scribbles[1] = scribbles[-2] = scribbles[:, 1] = scribbles[:, -2] = 255
    scribbles[31, 5:67] = scribbles[2:28, 34] = 255
    cells = isr.fit_scribbles(scribbles, "star_shaped", steps=300, points=300, width=48)
    with torch.no_grad():
        parts = cells.parts(torch.from_numpy(pixel_coordinates(HEIGHT, WIDTH)).float()) <= 0
    for label in (1, 2, 3):
        assert parts[..., label - 1][scribbles == label].float().mean() >= 0.95
        others = (scribbles != label) & (scribbles != 0)
        assert parts[..., label - 1][others].float().mean() <= 0.05
    assert (parts.sum(-1) > 1).float().mean() <= 0.02


def test_a_margin_keeps_a_shape_from_closing_outside():
    """Two legs cut by the lower edge: with a margin they have to be connected inside."""
    legs = (ROWS > 20) & ((abs(COLUMNS - 24) < 6) | (abs(COLUMNS - 48) < 6))
    unaries = legs.astype(np.float32)
    options = {"steps": 400, "points": 300, "base_options": {"width": 32}}
    wide = isr.fit_unaries(unaries, "path_connected", margin=12, **options)
    below = pixel_coordinates(HEIGHT, WIDTH) + np.array([0, (HEIGHT + 4) / WIDTH])
    assert not _mask(wide, below)[:6].any()


@pytest.mark.parametrize("distance", get_args(Distance))
def test_every_distance_fits_after_a_beginning_by_the_entropy(distance):
    far = Recipe("star_shaped", distance=distance).schedule(unaries=True, scribbles=False)
    near = Recipe("convex", distance=distance).schedule(unaries=True, scribbles=False)
    first, *others = far
    term = {"squared": "coupling", "absolute": "absolute_distance", "entropy": "unaries_entropy"}
    assert dict(first.terms) == {"unaries_entropy": 1.0}
    assert [dict(phase.terms) for phase in others] == [{term[distance]: 1.0}] * 3
    first, *others = near
    assert dict(first.terms) == {"unaries_entropy": 0.03} | {term[distance]: 1.0}
    assert [dict(phase.terms) for phase in others] == [{term[distance]: 1.0}] * 2
    bending = Recipe("path_connected", distance=distance)
    base, *all_of_it = bending.schedule(unaries=True, scribbles=False)
    assert dict(base.terms) == {"unaries_entropy": 1.0}
    assert [dict(phase.terms) for phase in all_of_it] == [{term[distance]: 1.0}] * 2
    disk = RADIUS < 20
    assert _fit(disk, "convex", 300, distance=distance) > 0.97


def test_a_convex_region_starts_near_unaries_and_takes_fewer_steps_to_them_alone():
    convex, other = Recipe("convex"), Recipe("star_shaped")
    alone = {"unaries": True, "scribbles": False}
    assert convex.usual_steps(**alone) < other.usual_steps(**alone)
    together = {"unaries": True, "scribbles": True}
    assert convex.usual_steps(**together) == other.usual_steps(**together)
    union = Recipe("union", {"member": "convex", "count": 2})
    assert union.schedule(**alone)[0].terms["unaries_entropy"] == 1.0


def test_a_shape_says_what_it_lacks():
    with pytest.raises(UserError, match="nothing to fit to"):
        Recipe("convex").projection(build("convex"), "p", unaries=False)
    with pytest.raises(UserError, match="third axis"):
        isr.fit_scribbles(np.zeros((4, 5), np.uint8), third=ThirdAxis("t", np.linspace(0, 1, 3)))
    with pytest.raises(UserError, match=r"\(frames, h, w\)"):
        isr.fit_unaries(np.zeros((4, 5)), third=ThirdAxis("z", np.linspace(0, 1, 3)))


def test_objects_are_counted_and_make_a_union():
    coordinates = pixel_coordinates(4, 5).astype(np.float32)
    scribbles = np.zeros((4, 5), np.uint8)
    scribbles[0], scribbles[1] = 255, 3
    problem = Problem("p", coordinates, scribbles)
    assert count_objects(problem) == 3
    union = Recipe("star_shaped", {"width": 8}).for_problem(problem)
    assert union.constraint == "union"
    assert union.options == {"member": "star_shaped", "count": 3, "options": {"width": 8}}
    assert count_objects(Problem("p", coordinates)) == 0


def test_connected_members_of_a_union_bend_after_their_bases():
    for options in (
        {"member": "path_connected", "count": 2},
        {"members": [{"name": "convex"}, {"name": "path_connected"}]},
    ):
        shape = Recipe("union", options, weight_decay=0.02)
        first, second, _ = shape.schedule(unaries=True, scribbles=False)
        assert first.freezes("representation.members.1.flow.log_scale")
        assert not first.freezes("representation.members.1.base.network.first.weight")
        assert second.weight_decay["representation.members.1.flow"] == 0.02
        assert second.restart
    both = isr.fit_unaries(
        (RADIUS < 20).astype(np.float32),
        "union",
        steps=4,
        points=50,
        member="path_connected",
        options={"base_options": {"width": 4}, "hidden_units": 4},
    )
    assert both.part_count == 2


def test_a_union_learns_as_slowly_as_its_slowest_member():
    options = {"members": [{"name": "convex"}, {"name": "star_shaped"}]}
    alone = Recipe("star_shaped").schedule(unaries=True, scribbles=False)
    together = Recipe("union", options).schedule(unaries=True, scribbles=False)
    assert together[0].learning_rate == alone[0].learning_rate == pytest.approx(3e-3)


def test_a_union_of_one_is_that_one():
    disc = RADIUS < 20
    assert _fit(disc, "union", 200, count=1) >= 0.9


@pytest.mark.parametrize(
    "options",
    [
        {"count": 2},
        {"members": [{"name": "convex"}, {"name": "union", "options": {"count": 2}}]},
    ],
)
def test_objects_and_members_of_a_union_must_agree(options):
    scribbles = np.zeros((12, 14), np.uint8)
    scribbles[2, 2], scribbles[5, 5], scribbles[8, 8], scribbles[0] = 1, 2, 3, 255
    with pytest.raises(UserError, match="member for each"):
        isr.fit_scribbles(scribbles, "union", steps=4, points=30, **options)


def test_an_order_among_several_is_settled_by_the_unaries():
    flower = (18 + 7 * np.cos(5 * ANGLE) > RADIUS).astype(np.float32)
    fit = isr.fit_unaries(
        flower, "rotationally_symmetric", steps=4, points=50, width=4, order=[2, 3, 4, 5, 6]
    )
    assert fit.order == 5
    scribbles = np.zeros((4, 5), np.uint8)
    scribbles[0], scribbles[2] = 255, 1
    with pytest.raises(UserError, match="order is a list"):
        isr.fit_scribbles(scribbles, "rotationally_symmetric", order=[2, 3])
