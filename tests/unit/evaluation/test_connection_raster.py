import numpy as np
import pytest
import torch

from isr.coordinates import ThirdAxis
from isr.evaluation.certificates import certify
from isr.evaluation.connection_raster import IN_PICTURE, OUTSIDE, THIN, certify_connection
from isr.evaluation.drawing import draw_level
from isr.evaluation.paths import Paths
from isr.evaluation.pixel_components import components
from isr.evaluation.verdicts import Scene
from isr.representations import build

# With 60 columns a line of tilt 0.1 meets a pixel centre every ten columns.
THROUGH_CENTRES = (24.5 - 1.05) / 60


def raster(representation, height=40, width=60, **options):
    return certify(representation, height, width, seed=0, **options)[2]


def test_one_component(bent, bar):
    found = raster(bent(bar(0.4, 0.1), slope=-1.0, offset=0.3))
    assert (found.verdict, found.holds, found.margin) == (IN_PICTURE, True, 1.0)


def test_an_arch_is_connected_in_the_picture(bent, bar):
    arch = bar(0.45, 0.1, left=0.2, right=0.8)
    assert raster(bent(arch, slope=-6.0, offset=1.5)).verdict == IN_PICTURE


@pytest.mark.parametrize(("half", "samples"), [(0.004, 2), (0.002, 4), (0.001, 8), (0.0006, 16)])
def test_a_bar_thinner_than_a_pixel(bent, bar, half, samples):
    found = raster(bent(bar(THROUGH_CENTRES, half, tilt=0.1)))
    assert found.verdict == THIN
    assert found.holds
    # 60 pixels are 1: the bar's height is 120 `half` pixels, and samples are at most so far apart.
    assert 1 / samples <= found.margin <= 240 * half
    assert "stay in it" in found.sentence


def test_a_bar_that_no_sampling_shows(bent, bar):
    found = raster(bent(bar(THROUGH_CENTRES, 1e-4, tilt=0.1)))
    assert found.verdict == THIN
    assert found.margin == 0
    assert "not found up to 16x sampling" in found.sentence


def test_legs_that_the_frame_cuts(bent, bar):
    """Two legs of an arch whose top lies over the upper edge."""
    representation = bent(bar(-0.1, 0.15, left=0.2, right=0.8), slope=-6.0, offset=1.5)
    found = raster(representation)
    assert found.verdict == OUTSIDE
    assert found.holds
    assert found.margin == 1.0
    assert "leaves it with" in found.sentence
    with torch.no_grad():
        representation.linear.shift[1] = -0.65
    assert raster(representation, 60, 60).verdict == IN_PICTURE


def test_two_regions_are_not_connected(bent, bar):
    """The mask of another region, with two components, does not pass as that of a bar."""
    representation = bent(bar(0.5, 0.002, tilt=0.1))
    level = draw_level(representation, 40, 60)
    level[2:6, 2:6] = -1.0
    found = raster(representation, level=level)
    assert not found.holds
    assert found.verdict == "fails"
    assert found.margin == -1


def test_a_hole_that_sampling_makes_is_opened():
    """A wild flow whose mask has holes, though the region has none."""
    torch.manual_seed(19)
    representation = build(
        "path_connected", blocks=6, base_options={"width": 4, "hidden_layers": 1}
    )
    with torch.no_grad():
        for coupling in representation.flow.couplings:
            for network in (coupling.s, coupling.t):
                network.net[0].weight.mul_(4)
                network.net[2].weight.normal_(0, 0.4)
    network = representation.base.network
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.first.weight.copy_(torch.tensor([[1, 0], [-1, 0], [0, 1], [0, -1]]))
        network.first.bias.copy_(torch.tensor([-0.75, 0.25, -0.75, 0.25]))
        network.hidden_z[0].weight[0] = 1.0
        network.output_z.weight[0, 0] = 1.0
        network.output_z.bias[0] = -1e-6
    for height in range(16, 60, 4):
        level = draw_level(representation, height, height)
        found = components(level <= 0)
        if found.euler < found.count:
            break
    assert found.euler < found.count
    certificate = raster(representation, height, height)
    assert certificate.holds, certificate
    assert "Background that runs out of" in certificate.sentence


def test_levels_that_are_not_finite_fail(bent, bar):
    paths = Paths(bent(bar(0.5, 0.1)))
    level = np.full((4, 4), np.nan)
    found = certify_connection(paths, Scene(4, 4), level, 0.0)
    assert (found.holds, found.margin) == (False, -np.inf)


def tilted_3d():
    """A thin bar through (x, y, t) that jumps by more than its width from frame to frame."""
    representation = build(
        "path_connected", 3, blocks=6, base_options={"width": 6, "hidden_layers": 1}
    )
    network = representation.base.network
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        rows = [(1, 0, -1), (-1, 0, 1), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
        network.first.weight.copy_(torch.tensor(rows))
        network.first.bias.copy_(torch.tensor([-0.1, -0.1, -0.6, 0.4, -1.0, 0.0]))
        network.hidden_z[0].weight[0] = 1.0
        network.output_z.weight[0, 0] = 1.0
        network.output_z.bias[0] = -1e-6
    return representation


@pytest.mark.parametrize("values", [np.linspace(0, 1, 4), np.array([0.0, 0.3, 1.0])])
def test_an_object_that_moves_faster_than_its_size(values):
    found = raster(tilted_3d(), third=ThirdAxis("t", values))
    assert found.verdict == THIN
    assert found.margin >= 0.25
    assert raster(tilted_3d(), third=ThirdAxis("t", np.linspace(0, 1, 12))).verdict == IN_PICTURE


def test_a_surface_through_a_region():
    depth = np.where(np.arange(60) % 20 < 10, 0.5, 5.0) * np.ones((40, 1))
    found = raster(tilted_3d(), third=ThirdAxis("depth", depth))
    assert found.holds
    assert found.verdict in (OUTSIDE, IN_PICTURE)


def test_empty_and_whole_picture(bent, bar):
    representation = bent(bar(0.5, 0.1))
    for bias, verdict in (1.0, "empty"), (-100.0, "whole picture"):
        with torch.no_grad():
            representation.base.network.output_z.bias.fill_(bias)
        found = raster(representation)
        assert (found.verdict, found.holds) == (verdict, True)
