"""The kinds of figures: one file each, and one line here."""

from isr.models import one_of
from isr.reporting.figures.animation import Animation
from isr.reporting.figures.base import FigureKind
from isr.reporting.figures.figure_1 import Figure1
from isr.reporting.figures.figure_2 import Figure2
from isr.reporting.figures.figure_3 import Figure3
from isr.reporting.figures.figure_4 import Figure4
from isr.reporting.figures.figure_5 import Figure5
from isr.reporting.figures.figure_6 import Figure6
from isr.reporting.figures.figure_7 import Figure7
from isr.reporting.figures.figure_9 import Figure9
from isr.reporting.figures.figure_9a import Figure9a
from isr.reporting.figures.figure_11 import Figure11
from isr.reporting.figures.figure_14 import Figure14
from isr.reporting.figures.figure_15 import Figure15
from isr.reporting.figures.figure_16 import Figure16
from isr.reporting.figures.figure_17 import Figure17
from isr.reporting.figures.figure_18 import Figure18
from isr.reporting.figures.figure_19 import Figure19

__all__ = ["KINDS", "Figure", "FigureKind"]

KINDS: tuple[type[FigureKind], ...] = (
    *(Figure1, Figure2, Figure3, Figure4, Figure5, Figure6, Figure7, Figure9, Figure9a),
    *(Figure11, Figure14, Figure15, Figure16, Figure17, Figure18, Figure19),
    Animation,
)

Figure = one_of(KINDS)
"""The type of an entry of `figures`."""
