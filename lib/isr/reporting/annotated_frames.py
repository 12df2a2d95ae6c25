"""Figure 19: all annotated frames of a video with what a predictor and a representation find."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from isr.reporting import overlays, panels
from isr.reporting.shots import PREDICTOR, REPRESENTATION, Shot, draw_outputs, entries

_TALL = 4
_MOST = 12
"""Rows at most."""
_LOWEST, _HIGHEST, _TOGETHER = 1.5, 3.1, 13.0


def shown(frames: Sequence[int], fits: int) -> list[int]:
    """Those of some frames, evenly spaced, that there is room for beside so many ways of fitting.

    >>> shown(range(0, 300, 10), 2)
    [0, 30, 50, 80, 110, 130, 160, 180, 210, 240, 260, 290]
    """
    most = min(len(frames), _MOST * _beside(len(frames), fits))
    return [frames[place] for place in np.linspace(0, len(frames) - 1, most).round().astype(int)]


def _beside(frames: int, fits: int) -> int:
    """How many frames stand in a row."""
    return 2 if frames > _TALL and fits == 1 else 1


def draw(shots: Sequence[Mapping[str, Shot]], title: str) -> Figure:
    """Draw a row of panels for each frame: ground truth, then two for each way of fitting.

    Many frames stand two in a row; `shown` says which of very many there is room for.

    Args:
        shots: for each frame, what it is by the name of the fit; all with the same names.
        title: stands above.
    """
    fits = list(shots[0])
    beside = _beside(len(shots), len(fits))
    rows = [shots[start : start + beside] for start in range(0, len(shots), beside)]
    aspect = next(iter(shots[0].values())).aspect
    tallest = min(_HIGHEST, max(_LOWEST, _TOGETHER / len(rows)))
    columns = 1 + 2 * len(fits)
    figure, axes = panels.lay_out(
        [[aspect] * (columns * len(row)) for row in rows],
        title,
        captions=any(shot.remark for frame in shots for shot in frame.values()),
        tallest=tallest,
        # The last row may be half as long.
        even=True,
    )
    for places, row in zip(axes, rows, strict=True):
        for number, frame in enumerate(row):
            _draw_frame(places[number * columns : (number + 1) * columns], frame, beside > 1)
    panels.add_legend(figure, entries(shots[0][fits[0]]))
    return figure


def _draw_frame(places: Sequence[Axes], frame: Mapping[str, Shot], narrow: bool) -> None:
    """Draw one frame; where there is no room for names, colours tell the outputs apart."""
    first = next(iter(frame.values()))
    overlays.show(places[0], first.image)
    if first.ground_truth is not None:
        overlays.draw_ground_truth(places[0], first.ground_truth)
    panels.head(places[0], f"frame {first.frame}")
    for number, (fit, shot) in enumerate(frame.items()):
        if len(frame) > 1:
            heads = shot.scored(PREDICTOR, fit), shot.scored(REPRESENTATION, fit)
        elif narrow:
            heads = shot.scored(PREDICTOR), shot.scored(REPRESENTATION)
        else:
            heads = shot.heading(PREDICTOR), shot.heading(REPRESENTATION)
        draw_outputs(places[1 + 2 * number], places[2 + 2 * number], shot, heads)
