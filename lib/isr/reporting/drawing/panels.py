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
    rows: Sequence[Sequence[float]],
    title: str,
    *,
    captions: bool = True,
    legend: bool = True,
    tallest: float = 4.2,
    even: bool = False,
) -> tuple[Figure, list[list[Axes]]]:
    """Make a figure with rows of axes.

    The panels of a row share its height, and the row fills the figure's width unless it would be
    taller than `tallest`.

    Args:
        rows: width over height of every panel.
        title: stands above.
        captions: whether room is left below the panels of each row.
        legend: whether room is left at the bottom.
        tallest: height of a panel at most, in inches.
        even: whether all rows have one height.

    Returns:
        The figure and its axes, row by row.
    """
    inner = [WIDTH - 2 * _EDGE - _GAP * (len(row) - 1) for row in rows]
    heights = [min(tallest, width / sum(row)) for width, row in zip(inner, rows, strict=True)]
    if even:
        heights = [min(heights)] * len(rows)
    below = _CAPTION if captions else 0.06
    lower = _LEGEND if legend else 0.1
    height = _TITLE + sum(heights) + len(rows) * (_HEADING + below) + lower
    figure = Figure(figsize=(WIDTH, height), dpi=160)
    add_title(figure, title, y=1 - 0.1 / height)
    top = height - _TITLE
    axes: list[list[Axes]] = []
    for row, panel in zip(rows, heights, strict=True):
        top -= _HEADING + panel
        widths = [panel * aspect for aspect in row]
        left = (WIDTH - sum(widths) - _GAP * (len(row) - 1)) / 2
        axes.append([])
        for width in widths:
            place = (left / WIDTH, top / height, width / WIDTH, panel / height)
            axes[-1].append(figure.add_axes(place))
            left += width + _GAP
        top -= below
    return figure, axes


def add_title(figure: Figure, text: str, y: float) -> None:
    """Write above all panels; what is long is written smaller."""
    width = float(figure.get_size_inches()[0]) - 2 * _EDGE
    figure.suptitle(text, fontsize=_fitting(text, 13, width, least=7), y=y, va="top")


def head(axes: Axes, text: str) -> None:
    """Write above a panel; what is long is written smaller."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    width = axes.get_position().width * float(figure.get_size_inches()[0]) + 0.8 * _GAP
    axes.set_title(text, fontsize=_fitting(text, 11.5, width, least=8), pad=5)


def _fitting(text: str, size: float, width: float, *, least: float) -> float:
    """The size in points, at most `size`, at which a text is no wider than so many inches."""
    if not text:
        return size
    # Letters are drawn on whole pixels, which makes a text a little wider than its outlines.
    found = 1.06 * TextPath((0, 0), text, size=size).get_extents().width / 72
    return max(least, size * min(1.0, width / max(found, 1e-9)))


def caption(axes: Axes, text: str) -> None:
    """Write below a panel."""
    axes.annotate(
        text,
        (0.5, 0.0),
        xycoords="axes fraction",
        xytext=(0, -4),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=10,
    )


def line(colour: str, width: float = 2.5, style: str = "-", **more: Any) -> Line2D:
    """A line for a legend."""
    return Line2D([], [], color=colour, lw=width, ls=style, **more)


def add_legend(figure: Figure, entries: Sequence[Entry]) -> None:
    """Put a legend of one row at the bottom."""
    figure.legend(
        [handle for handle, _ in entries],
        [text for _, text in entries],
        loc="lower center",
        ncols=len(entries),
        frameon=False,
        fontsize=10.5,
        borderaxespad=0.3,
    )


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
