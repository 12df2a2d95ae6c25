"""Implicit segmentation representations with guaranteed shape.

The public calls are `segment` (a picture and strokes in, a certified shape out) and, underneath,
`fit_unaries` and `fit_scribbles` (fit a shape to foreground probabilities or to scribbles), `build`
(make a representation by name), `masks` (its pixels), `certify` (check its guarantee), `outline`
and `mesh` (its boundary), and what volumes and videos need. They are loaded on first use, so that
reading a configuration does not load PyTorch.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Scene": "isr.coordinates",
    "ThirdAxis": "isr.coordinates",
    "build": "isr.constraints",
    "certify": "isr.evaluation.certificates",
    "fit_scribbles": "isr.fitting.unaries",
    "fit_unaries": "isr.fitting.unaries",
    "masks": "isr.evaluation.drawing",
    "mesh": "isr.evaluation.outlines.marching",
    "outline": "isr.evaluation.outlines",
    "pixel_coordinates": "isr.coordinates",
    "read_volume": "isr.data.kinds.volumes",
    "segment": "isr.app.segment",
    "slice_coordinates": "isr.data.kinds.volumes",
    "write_ply": "isr.evaluation.vector_files",
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'isr' has no attribute {name!r}")
