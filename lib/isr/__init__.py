"""Implicit segmentation representations with guaranteed shape.

The public calls are `fit_unaries` (fit a shape to a picture's foreground probabilities), `build`
(make a representation by name), `certify` (check its guarantee) and `outline` (its boundary). They
are loaded on first use, so that reading a configuration does not load PyTorch.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "build": "isr.representations",
    "certify": "isr.evaluation.certificates",
    "fit_scribbles": "isr.fitting.unaries",
    "fit_unaries": "isr.fitting.unaries",
    "outline": "isr.evaluation.outlines",
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'isr' has no attribute {name!r}")
