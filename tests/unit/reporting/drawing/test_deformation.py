import io

import numpy as np
import torch

from isr.coordinates import Scene
from isr.evaluation.drawing import draw_mask
from isr.reporting.drawing import deformation
from isr.representations.path_connected import PathConnected


def bent(seed):
    """A path-connected region whose flow is not the identity."""
    torch.manual_seed(seed)
    representation = PathConnected(2)
    with torch.no_grad():
        for parameter in representation.flow.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        representation.project_()
        centre = representation.to_base(torch.tensor([0.5, 0.35]))
        representation.base.network.output_z.bias -= representation.base(centre) + 0.02
    return representation


def test_the_base_s_raster_has_the_colours_of_the_picture():
    representation, scene = bent(0), Scene(70, 100)
    mask = draw_mask(representation, 70, 100)
    found = deformation.find_deformation(representation, scene, np.zeros((70, 100, 3)), mask)
    np.testing.assert_array_equal(found.parts > 0, mask)
    np.testing.assert_array_equal(np.unique(found.parts), range(7))
    # The parts' pixels, carried into the base's space, have their colour there.
    left, top, right, bottom = found.base_window
    rows, columns = np.nonzero(mask)
    points = np.stack([columns + 0.5, rows + 0.5], axis=-1) / 100
    with torch.no_grad():
        carried = representation.to_base(torch.from_numpy(points).float()).numpy()
    size = np.array(found.base_inside.shape[::-1])
    places = ((carried - (left, top)) / (right - left, bottom - top) * size).astype(int)
    assert found.base_inside[places[:, 1], places[:, 0]].mean() > 0.95
    same = found.base_parts[places[:, 1], places[:, 0]] == found.parts[rows, columns]
    assert same.mean() > 0.9
    assert (found.base_parts == -1).any()


def test_the_grid_s_corners_are_the_frame_s():
    representation = bent(1)
    found = deformation.find_deformation(
        representation, Scene(70, 100), np.zeros((70, 100, 3)), np.zeros((70, 100), bool)
    )
    np.testing.assert_allclose(found.grid[0, 0], [0, 0])
    np.testing.assert_allclose(found.grid[-1, -1], [1, 0.7])
    assert found.carried.shape == found.grid.shape
    assert np.abs(found.carried - found.grid).max() > 0.01
    assert not (found.parts > 0).any()
    deformation.draw(found, "Title", name="nothing", base="convex").savefig(io.BytesIO())


def test_parts_cover_the_mask_from_left_to_right():
    mask = np.zeros((20, 60), bool)
    mask[5:15, 3:57] = True
    parts = deformation.split(mask, 4)
    np.testing.assert_array_equal(parts > 0, mask)
    middles = [np.nonzero(parts == number)[1].mean() for number in range(1, 5)]
    assert middles == sorted(middles)
    assert np.bincount(parts[mask])[1:].min() > 60
    assert deformation.split(np.zeros((4, 4), bool)).max() == 0
