"""Outlines by marching squares, surfaces by marching cubes, and where grids' edges are crossed."""

from collections import Counter

import numpy as np
import pytest
import shapely
import torch
from shapely import box

from isr.constraints import build
from isr.coordinates import Scene, ThirdAxis, from_pixels
from isr.data.kinds.volumes import slice_coordinates
from isr.errors import UserError
from isr.evaluation.drawing import level_function
from isr.evaluation.outlines import outline
from isr.evaluation.outlines.canvas import cell_centres
from isr.evaluation.outlines.crossings import find_crossings, onto_boundary, signed
from isr.evaluation.outlines.marching import assemble, mesh, node_levels, raster_outline
from isr.evaluation.vector_files import write_ply
from isr.representations import Representation

HEIGHT, WIDTH = 48, 64
CENTRES = cell_centres(HEIGHT, WIDTH)


def traced(level):
    return raster_outline(level, level(CENTRES))


def ring(points):
    """Background in a disc of radius 6 round (30, 20), foreground to 14, and in a far corner."""
    radius = np.hypot(points[..., 0] - 30, points[..., 1] - 20)
    corner = np.hypot(points[..., 0] - WIDTH, points[..., 1] - HEIGHT) - 5
    return np.minimum(np.maximum(radius - 14, 6 - radius), corner)


def test_marching_squares_keep_holes_and_parts():
    region = traced(ring)
    parts = sorted(shapely.get_parts(region).tolist(), key=lambda part: part.area)
    assert [len(part.interiors) for part in parts] == [0, 1]
    assert parts[0].area == pytest.approx(np.pi * 25 / 4, rel=0.02)
    assert parts[1].area == pytest.approx(np.pi * (14**2 - 6**2), rel=0.01)
    assert parts[1].centroid.distance(shapely.Point(30, 20)) < 0.01
    assert box(0, 0, WIDTH, HEIGHT).covers(region)


def test_nodes_near_the_boundary_are_not_interpolated():
    def level(points):
        return 3 - (points[..., 0] - 20) ** 2 - (points[..., 1] - 20.5) ** 2

    rows, columns = np.mgrid[: 2 * HEIGHT + 1, : 2 * WIDTH + 1] / 2
    exact = level(np.stack([columns, rows], axis=-1))
    nodes = node_levels(level, level(CENTRES))
    near = np.abs(np.sqrt(3 - exact) - np.sqrt(3)) < 1
    assert near.sum() > 30
    np.testing.assert_array_equal(nodes[near], exact[near])
    np.testing.assert_array_equal(nodes <= 0, exact <= 0)


def test_an_island_in_a_hole_is_kept():
    rings = [np.array(box(a, a, 20 - a, 20 - a).exterior.coords) for a in (1, 4, 7)]
    assert assemble(rings, 20, 20).area == 18**2 - 12**2 + 6**2


@pytest.mark.parametrize(("level", "share"), [(-1.0, 1), (0.0, 1), (1.0, 0)])
def test_marching_squares_on_constant_levels(level, share):
    region = traced(lambda points: np.full(points.shape[:-1], level))
    assert region.area == pytest.approx(share * HEIGHT * WIDTH, abs=1e-4)


@pytest.mark.parametrize("name", ["mirror_symmetric", "periodic", "lattice_periodic"])
def test_marching_squares_points_lie_on_the_boundary(name):
    torch.manual_seed(1)
    representation = build(name, 2)
    with torch.no_grad():
        for part, parameter in representation.named_parameters():
            if part.startswith(("network", "amplitudes")):
                parameter.normal_().mul_(3 / parameter.shape[-1] ** 0.5)
            if part == "amplitudes.bias":
                parameter.zero_()
    region = outline(representation, HEIGHT, WIDTH)
    level = level_function(representation)
    points = shapely.get_coordinates(region)
    points = points[((points > 0) & (points < [WIDTH, HEIGHT])).all(axis=1)]
    assert len(points) > 100
    values, *steps = (
        level(from_pixels(points + step, HEIGHT, WIDTH)) for step in ([0, 0], [1e-5, 0], [0, 1e-5])
    )
    slopes = np.hypot(*(np.stack(steps) - values)) / 1e-5
    assert np.median(slopes) > 1e-3
    assert (np.abs(values) <= 1e-3 * slopes).all()


def test_rings_close_although_levels_are_rounded_differently():
    random = np.random.default_rng(0)

    def noisy(points):
        return ring(points) + random.normal(0, 1e-12, points.shape[:-1])

    region = traced(noisy)
    assert region.area == pytest.approx(traced(ring).area, rel=1e-6)


# Crossings.


def test_signs_stay_and_zero_is_foreground():
    levels = np.array([-np.inf, -7.0, -1e-300, 0.0, 1e-300, 5.0, np.nan])
    np.testing.assert_array_equal(signed(levels) < 0, levels <= 0)
    assert (np.abs(signed(levels)) > 0).all()
    assert (np.abs(signed(levels)) <= 1).all()


def level(points):
    # An interpolation of the cube of a distance is far off.
    return (points[..., 0] - 2.3) ** 3


def test_points_move_along_their_edges_only():
    points = np.array([[2.5, 3.0], [2.9, 0.0], [2.4, 0.5], [1.5, 2.0], [2.5, 4.5], [2.0, 1.0]])
    moved = onto_boundary(level, points, (5, 4))
    expected = points.copy()
    # On an edge that crosses the boundary; the others are in a cell, on an edge that does not
    # cross it, outside of the grid, and at a node.
    expected[:2, 0] = 2.3
    expected[4] = [2.5, 4.0]
    np.testing.assert_allclose(moved, expected, atol=1e-9)


def test_crossings_are_bracketed_on_the_foreground_side():
    def along(places, roots):
        return places - roots

    roots = np.array([0.25, 1 / 3, 0.0, 2.0])
    between = np.zeros(4), np.ones(4)
    crossings = find_crossings(along, between, (roots,), 1e-10)
    # A root at the first place is foreground; without a change of sign none is found.
    assert crossings.found.tolist() == [True, True, True, False]
    distance = roots[:3] - crossings.inside[:3]
    assert ((distance >= 0) & (distance <= 1e-10)).all()
    np.testing.assert_allclose(crossings.roots[:3], roots[:3], atol=1e-10)


def test_no_lines_have_no_crossings():
    nothing = np.zeros(0)
    assert find_crossings(lambda places: places, (nothing, nothing), (), 1e-10).roots.size == 0


# Surfaces.


def volume(surface):
    """What a closed surface encloses, from the signed cones of its triangles."""
    if not len(surface.faces):
        return 0.0
    corners = surface.vertices[surface.faces] - surface.vertices.mean(axis=0)
    return np.linalg.det(corners).sum() / 6


class Ball(Representation):
    def __init__(self, centre=(0.5, 0.45, 0.55), radius=0.3):
        super().__init__()
        self.dim = 3
        self.radius = radius
        self.centre = torch.nn.Parameter(torch.tensor(centre))

    def forward(self, coordinates):
        return (coordinates - self.centre).norm(dim=-1) - self.radius


def cube(name="z"):
    values = np.linspace(0, 1, 16) if name == "t" else (np.arange(16) + 0.5) / 16
    return Scene(16, 16, "isotropic", ThirdAxis(name, values))


def column(slices=4, spacing=2.0):
    """A box of 10 x 8 pixels through all slices of a volume, and what it is drawn in."""

    class Column(Ball):
        def forward(self, coordinates):
            x, y = coordinates[..., 0] * 20, coordinates[..., 1] * 20
            return torch.maximum((x - 10).abs() - 5, (y - 8).abs() - 4)

    return Column(), Scene(16, 20, third=slice_coordinates(slices, 16, 20, spacing=spacing))


def edges(faces):
    return Counter((int(f[i]), int(f[i - 2])) for f in faces for i in range(3))


def test_a_ball():
    surface = mesh(Ball(), cube(), 48)
    assert volume(surface) == pytest.approx(4 / 3 * np.pi * 0.3**3, rel=5e-3)
    radii = np.linalg.norm(surface.vertices - [0.5, 0.45, 0.55], axis=1)
    # The centre is stored in float32.
    assert np.abs(radii - 0.3).max() < 1e-7
    # Closed, with outward triangles: each edge is used once in each direction.
    used = edges(surface.faces)
    assert set(used.values()) == {1}
    assert all((b, a) in used for a, b in used)
    centres = surface.vertices[surface.faces].mean(axis=1) - [0.5, 0.45, 0.55]
    corners = surface.vertices[surface.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((normals * centres).sum(axis=1) > -1e-12).all()


@pytest.mark.parametrize("name", ["convex", "star_shaped", "path_connected"])
def test_the_volume_is_that_of_a_fine_raster(name):
    torch.manual_seed(3)
    options = {"blocks": 6} if name == "path_connected" else {"width": 24}
    representation = build(name, 3, **options)
    scene = Scene(30, 40, "isotropic", ThirdAxis("t", np.linspace(0, 1, 9)))
    with torch.no_grad():
        for part, parameter in representation.named_parameters():
            if part.startswith("flow"):
                parameter.normal_().mul_(0.15)
            elif name == "star_shaped" and part.startswith("network"):
                parameter.normal_().mul_(2 / parameter.shape[-1] ** 0.5)
        representation.project_()
        if name != "star_shaped":
            network = representation.network if name == "convex" else representation.base.network
            network.output_z.bias -= representation(torch.rand(500, 3)).median()
    low, high = scene.box()
    axes = [a + (b - a) * (np.arange(60) + 0.5) / 60 for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    share = float((level_function(representation)(points) <= 0).mean())
    assert 0.05 < share < 0.95
    surface = mesh(representation, scene, 40)
    assert volume(surface) == pytest.approx(share * np.prod(high - low), rel=5e-3)
    assert (surface.vertices >= low - 1e-12).all()
    assert (surface.vertices <= high + 1e-12).all()


def test_axes_are_not_swapped():
    ball = Ball(centre=(0.8, 0.3, 0.5), radius=0.1)
    vertices = mesh(ball, Scene(20, 40, "isotropic", ThirdAxis("t", np.linspace(0, 1, 5)))).vertices
    np.testing.assert_allclose(vertices.mean(axis=0), [0.8, 0.3, 0.5], atol=1e-3)


@pytest.mark.parametrize(("radius", "share"), [(5.0, 1), (-1.0, 0)])
def test_the_whole_box_and_nothing(radius, share):
    surface = mesh(Ball(radius=radius), cube(), 6)
    assert volume(surface) == pytest.approx(share, abs=1e-3)
    assert surface.faces.shape[1:] == surface.vertices.shape[1:] == (3,)
    assert (len(surface.faces) == 0) == (share == 0)


def test_one_frame_has_no_volume():
    scene = Scene(16, 16, "isotropic", ThirdAxis("t", np.array([0.5])))
    assert volume(mesh(Ball(), scene)) == 0


def test_files_hold_the_surface(tmp_path):
    surface = mesh(Ball(), cube(), 8)
    write_ply(tmp_path / "ball.ply", surface)
    header, body = (tmp_path / "ball.ply").read_bytes().split(b"end_header\n", 1)
    assert header.startswith(b"ply\nformat binary_little_endian 1.0\n")
    assert f"element vertex {len(surface.vertices)}\n".encode() in header
    size = surface.vertices.size * 8
    assert np.array_equal(np.frombuffer(body[:size], "<f8").reshape(-1, 3), surface.vertices)
    faces = np.frombuffer(body[size:], [("count", "u1"), ("vertices", "<i4", (3,))])
    assert (faces["count"] == 3).all()
    assert np.array_equal(faces["vertices"], surface.faces)


def test_what_has_no_surface_is_refused():
    with pytest.raises(UserError, match="three coordinates"):
        mesh(build("convex", 2), Scene(16, 16))
    with pytest.raises(UserError, match="resolution"):
        mesh(Ball(), cube(), 0)


@pytest.mark.parametrize("slices", [1, 2, 4])
def test_a_column_is_as_long_as_its_slices_are_thick(slices):
    """From edge to edge, like x and y; from centre to centre a quarter of four slices is lost."""
    shape, scene = column(slices)
    expected = 10 * 8 * 2 * slices / 20**3
    assert volume(mesh(shape, scene, 40)) == pytest.approx(expected, rel=1e-6)


def test_a_voxel_size_gives_vertices_in_its_unit():
    shape, scene = column(4)
    surface = mesh(shape, scene, 40, voxel_size=(2.5, 0.5, 0.25), unit="mm")
    low, high = surface.vertices.min(axis=0), surface.vertices.max(axis=0)
    np.testing.assert_allclose(low, [5 * 0.25, 4 * 0.5, 0], atol=1e-5)
    np.testing.assert_allclose(high, [15 * 0.25, 12 * 0.5, 4 * 2.5], atol=1e-5)
    assert surface.unit == "mm"
    assert mesh(shape, scene, 8).unit == "the picture's longer side"


@pytest.mark.parametrize("size", [(1, 2), (0, 1, 1), (1, -1, 1), (1, 1, np.nan), 3])
def test_a_voxel_size_that_is_none_is_a_users_mistake(size):
    with pytest.raises(UserError, match="voxel_size is"):
        mesh(*column(), 4, voxel_size=size)


def test_a_depth_has_no_voxels():
    scene = Scene(4, 5, third=ThirdAxis("depth", np.mgrid[:4, :5][0] / 4))
    with pytest.raises(UserError, match="a depth has its own unit"):
        mesh(Ball(), scene, 4, voxel_size=(1, 1, 1))
