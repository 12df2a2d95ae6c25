import io

import numpy as np
import pytest
import torch

from isr.coordinates import Scene
from isr.reporting.drawing import thin_connection
from isr.representations.unconstrained import Unconstrained


class Dumbbell(Unconstrained):
    """Two discs and a straight bridge between them."""

    def __init__(self, bridge):
        super().__init__(2)
        self.bridge = bridge

    def forward(self, coordinates):
        x, y = coordinates.unbind(-1)
        discs = [torch.hypot(x - centre, y - 0.351) - 0.15 for centre in (0.3, 0.7)]
        bridge = torch.maximum((y - 0.351).abs() - self.bridge, (x - 0.5).abs() - 0.2)
        return torch.minimum(torch.minimum(*discs), bridge)


@pytest.fixture
def straight(monkeypatch):
    """Paths of a dumbbell are straight lines: its bridge is one."""

    def path(representation, v, w, steps):
        return v + (w - v) * np.linspace(0, 1, steps)[:, None]

    monkeypatch.setattr(thin_connection, "path", path)


def find(bridge):
    image = np.full((70, 100, 3), 0.5)
    return thin_connection.find_connection(Dumbbell(bridge), Scene(70, 100), image)


def test_a_bridge_thinner_than_a_pixel(straight):
    found = find(0.002)
    assert found.mask.shape == (70, 100)
    assert thin_connection.pieces(found.mask)[1] == 2
    assert thin_connection.pieces(found.fine)[1] == 1
    assert found.fineness in (2, 4, 8)
    ends = np.sort(found.path[[0, -1], 0])
    assert 40 < ends[0] < ends[1] < 60
    left, top, right, bottom = found.window
    assert left < ends[0] < ends[1] < right
    assert right - left == pytest.approx(bottom - top)
    figure = thin_connection.draw(found, "Title", name="disc")
    figure.savefig(io.BytesIO())
    assert [axes.get_title() for axes in figure.axes][:2] == [
        "(a) disc, raster 100 x 70",
        "(b) outline and connecting path",
    ]
    assert figure.axes[2].texts[0].get_text() == "1 piece in this part"


def test_a_bridge_that_only_coarser_rasters_lose(straight):
    found = find(0.008)
    rows, columns = found.mask.shape
    assert (rows, columns) < (70, 100)
    assert thin_connection.pieces(found.mask)[1] == 2
    # The path's ends are pixels of the coarse raster, in units of the picture's.
    assert found.path.max() > columns


def test_a_region_without_a_bridge_to_lose():
    found = find(0.2)
    assert found.path is None
    figure = thin_connection.draw(found, "Title", name="disc")
    captions = [text.get_text() for text in figure.axes[0].texts]
    assert captions == ["1 piece, also on all coarser rasters tried"]


def test_pieces_are_numbered_by_size():
    mask = np.zeros((10, 10), bool)
    mask[0, 0] = mask[4:7, 4:7] = True
    mask[1, 1] = True
    labels, count = thin_connection.pieces(mask)
    assert count == 2
    assert (labels[5, 5], labels[0, 0], labels[1, 1], labels[9, 9]) == (1, 2, 2, 0)


def test_an_empty_region():
    class Nothing(Dumbbell):
        def forward(self, coordinates):
            return torch.ones_like(coordinates[..., 0])

    found = thin_connection.find_connection(Nothing(0.1), Scene(20, 30), np.zeros((20, 30, 3)))
    assert found.path is None
    thin_connection.draw(found, "Title", name="nothing").savefig(io.BytesIO())
