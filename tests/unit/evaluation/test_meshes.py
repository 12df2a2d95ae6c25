from collections import Counter

import numpy as np
import pytest
import torch

from isr.constraints import build
from isr.coordinates import Scene, ThirdAxis
from isr.errors import UserError
from isr.evaluation.drawing import level_function
from isr.evaluation.meshes import mesh, write_ply
from isr.representations import Representation


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
    return Scene(16, 16, "isotropic", ThirdAxis(name, np.linspace(0, 1, 16)))


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
