"""What a step of each kind of fit costs, and the work around it, as it was measured.

On a core: the demo's jobs on a server with PyTorch 2.13 (seconds of the processor), and the figures
of the README for pictures of 640x480. On a GPU: one NVIDIA H200, where a step of a stack takes a
fixed time and some for each problem (tests/benchmarks/RESULTS.md). Other machines are two or three
times as fast or as slow: forecasts are for the order of magnitude, and jobs ask for several times
as much.
"""

from dataclasses import dataclass

UNIT = 640 * 480
"""Pixels of a picture of which nothing is known yet, and those that costs of pictures are of."""


@dataclass(frozen=True)
class StepCost:
    """Seconds of a step of 1,000 points.

    Attributes:
        core: of one problem on a core.
        fixed: on a GPU, of a stack of any size.
        each: on a GPU, for each problem of the stack.
    """

    core: float
    fixed: float
    each: float

    def seconds(self, problems: int, gpu: bool) -> float:
        """Seconds of a step of some problems: one after the other, or side by side on a GPU."""
        return self.fixed + self.each * problems if gpu else self.core * problems


_CONVEX = StepCost(2.3e-3, 0.25e-3, 10.6e-6)
_POLAR = StepCost(7e-3, 0.4e-3, 46.8e-6)
PROJECTION = {
    "convex": _CONVEX,
    "star_shaped": _POLAR,
    "radially_connected": _POLAR,
    "path_connected": StepCost(8.5e-3, 1.5e-3, 38e-6),
    "mirror_symmetric": StepCost(2.9e-3, 0.25e-3, 10.6e-6),
    "rotationally_symmetric": StepCost(4.5e-3, 0.25e-3, 10.6e-6),
    "periodic": StepCost(1.2e-3, 0.25e-3, 10.6e-6),
    "lattice_periodic": StepCost(7e-3, 0.25e-3, 10.6e-6),
    "union": StepCost(4.6e-3, 0.5e-3, 21e-6),
    "unconstrained": StepCost(1.3e-3, 0.25e-3, 10.6e-6),
}
"""Of a representation, by constraint."""

PIXELWISE = StepCost(0.6e-3, 0.1e-3, 4e-6)
"""Of a predictor that sees single pixels, alone or trained along."""

CNN_PIXEL = StepCost(8e-7, 0.0, 1.8e-8)
"""Of a predictor that sees pictures, with both gradient penalties, for each of their pixels."""


def unet_step(width: int, pixels: float, gpu: bool) -> float:
    """Seconds of a training step of a UNet on one frame.

    Args:
        width: channels of its first layer.
        pixels: of the frame that it sees.
        gpu: whether on a GPU; else on a core.
    """
    if gpu:
        return 2e-3 + pixels * width**2 * 3.3e-11
    return pixels * (1e-6 + 4.8e-9 * width**2)


def unet_bytes(width: int) -> float:
    """Bytes of the stored weights of a UNet."""
    return 4 * 3300 * width**2


SEGMENT_ANYTHING = {"vit_b": (20.0, 0.5), "vit_l": (45.0, 1.0), "vit_h": (80.0, 2.0)}
"""Seconds for an item, on a core and on a GPU."""
OTHER_COMPUTED = 2.0
"""Seconds for a picture of `UNIT` by any other computed predictor, on a core."""

EVALUATION = {
    "path_connected": (0.65, 0.5),
    "star_shaped": (0.6, 2.0),
    "radially_connected": (0.6, 2.0),
    "union": (0.6, 2.0),
}
"""Seconds on a core for a picture or a frame: of any size, and more if it is of `UNIT`."""
OTHER_EVALUATION = (0.15, 0.5)
"""The same for other shapes, and for each slice of what is certified as a whole."""
LABELS = 3.7
"""Seconds on a core for the weak labels of a frame of `UNIT`."""
FEATURES = 5.0
"""Seconds on a core for the semantic features of a picture of `UNIT`."""
DISPLAYS = {"tabulate": 3.0, "draw": 6.0, "animate": 10.0, "report": 10.0}
START = {False: 1.5, True: 20.0}
"""Seconds until a job on a core, or on a GPU, computes."""

REPRESENTATION_BYTES = 100_000.0
"""Of a stored representation; of a path-connected one half as many again."""
ITEM_BYTES, FEATURE_BYTES, PREDICTION_BYTES, LABEL_BYTES = 2.5, 8.0, 1.0, 0.3
"""For each pixel of each frame."""
CELL_BYTES = (160_000.0, 1.0)
"""Of the masks and outlines of a frame: of any size, and for each pixel."""
