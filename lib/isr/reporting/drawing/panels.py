"""Rows of pictures of one height, with headings, captions and a legend; writing figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath

from isr.io import atomic_path

WIDTH = 12.4
_GAP = 0.12
_EDGE = 0.14
_HEADING = 0.34
_CAPTION = 0.3
_TITLE = 0.46
_LEGEND = 0.46

Entry = tuple[Any, str]


def lay_out(
    aspects: Sequence[float],
    title: str,
    *,
    per_row: int | None = None,
    captions: bool = True,
    tallest: float = 4.2,
    even: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Make a figure with rows of axes, and room for a heading above each and a legend below all.

    The panels of a row share its height, and the row fills the figure's width unless it would be
    taller than `tallest`.

    Args:
        aspects: width over height of every panel.
        title: stands above.
        per_row: how many panels stand in a row; None: all.
        captions: whether room is left below the panels of each row.
        tallest: height of a panel at most, in inches.
        even: whether all rows have one height.

    Returns:
        The figure and its axes.
    """
    step = per_row or len(aspects)
    rows = [aspects[start : start + step] for start in range(0, len(aspects), step)]
    inner = [WIDTH - 2 * _EDGE - _GAP * (len(row) - 1) for row in rows]
    heights = [min(tallest, width / sum(row)) for width, row in zip(inner, rows, strict=True)]
    if even:
        heights = [min(heights)] * len(rows)
    below = _CAPTION if captions else 0.06
    height = _TITLE + sum(heights) + len(rows) * (_HEADING + below) + _LEGEND
    figure = Figure(figsize=(WIDTH, height), dpi=160)
    add_title(figure, title, y=1 - 0.1 / height)
    top = height - _TITLE
    axes: list[Axes] = []
    for row, panel in zip(rows, heights, strict=True):
        top -= _HEADING + panel
        widths = [panel * aspect for aspect in row]
        left = (WIDTH - sum(widths) - _GAP * (len(row) - 1)) / 2
        for width in widths:
            place = (left / WIDTH, top / height, width / WIDTH, panel / height)
            axes.append(figure.add_axes(place))
            left += width + _GAP
        top -= below
    return figure, axes


def add_title(figure: Figure, text: str, y: float) -> None:
    """Write above all panels; what is long is written smaller."""
    width = float(figure.get_size_inches()[0]) - 2 * _EDGE
    text = literal(text)
    figure.suptitle(text, fontsize=_fitting(text, 13, width, least=7), y=y, va="top")


def head(axes: Axes, text: str, below: str = "") -> None:
    """Write above a panel, what is long smaller, and below it."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    width = axes.get_position().width * float(figure.get_size_inches()[0]) + 0.8 * _GAP
    text, below = literal(text), literal(below)
    axes.set_title(text, fontsize=_fitting(text, 11.5, width, least=8), pad=5)
    if below:
        style: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "top"}
        axes.annotate(below, (0.5, 0.0), (0, -4), "axes fraction", fontsize=10, **style)


def literal(text: str) -> str:
    """Text in which dollar signs are what they are: two would enclose a formula."""
    return text.replace("$", r"\$")


def _fitting(text: str, size: float, width: float, *, least: float) -> float:
    """The size in points, at most `size`, at which a text is no wider than so many inches."""
    if not text:
        return size
    # Letters are drawn on whole pixels, which makes a text a little wider than its outlines.
    found = 1.06 * TextPath((0, 0), text, size=size).get_extents().width / 72
    return max(least, size * min(1.0, width / max(found, 1e-9)))


def line(colour: Any, width: float = 2.5, style: str = "-", **more: Any) -> Line2D:
    """A line for a legend."""
    return Line2D([], [], color=colour, lw=width, ls=style, **more)


def add_legend(figure: Figure, entries: Sequence[Entry], **style: Any) -> None:
    """Put a legend at the bottom, of one row unless the style says otherwise."""
    handles, texts = zip(*entries, strict=True)
    usual = {"ncols": len(entries), "frameon": False, "fontsize": 10.5, "borderaxespad": 0.3}
    figure.legend(handles, list(map(literal, texts)), loc="lower center", **usual | style)


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
