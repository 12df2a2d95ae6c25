"""Writing figures."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from isr.io import atomic_path


def save(figure: Figure, path: Path) -> None:
    """Write a figure beside `path` as .png (160 dpi) and .svg; equal figures give equal bytes."""
    with atomic_path(path.with_suffix(".png")) as temporary:
        figure.savefig(temporary, dpi=160, metadata={"Software": None})
    # Without a date and with a fixed salt, drawing again changes nothing.
    with (
        mpl.rc_context({"svg.hashsalt": "isr"}),
        atomic_path(path.with_suffix(".svg")) as temporary,
    ):
        figure.savefig(temporary, dpi=160, metadata={"Date": None})
