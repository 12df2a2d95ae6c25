"""The kinds of figures: a file for each family, and one entry here for each kind."""

from isr.models import one_of
from isr.reporting.figures.base import FigureKind
from isr.reporting.figures.fits_compared import Figure5, Figure6, Figure15, Figure19
from isr.reporting.figures.in_time import Animation, Figure3, Figure17, Figure18
from isr.reporting.figures.levels import Figure9, Figure9a
from isr.reporting.figures.non_convexity import Figure12
from isr.reporting.figures.path_connected import Figure14, Figure16
from isr.reporting.figures.prompts import Figure8, Figure10
from isr.reporting.figures.side_by_side import Figure1, Figure2, Figure4, Figure7
from isr.reporting.figures.statistics import Figure11
from isr.reporting.figures.student_report import StudentFigure2, StudentFigure3

__all__ = ["KINDS", "Figure", "FigureKind"]

KINDS: tuple[type[FigureKind], ...] = (
    *(Figure1, Figure2, Figure3, Figure4, Figure5, Figure6, Figure7, Figure8, Figure9),
    *(Figure9a, Figure10, Figure11, Figure12, Figure14, Figure15, Figure16, Figure17, Figure18),
    *(Figure19, Animation, StudentFigure2, StudentFigure3),
)

Figure = one_of(KINDS)
"""The type of an entry of `figures`."""
