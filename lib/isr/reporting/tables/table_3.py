"""Table 3 of the paper: Table 1 with deviations over seeds and pixel accuracies."""

from typing import ClassVar, Literal

from isr.reporting.tables.table_1 import OfConstraint


class Table3(OfConstraint):
    """IoU and accuracy with their deviations, a row for each setting and output."""

    caption: ClassVar[str] = (
        "Foreground IoU and pixel accuracy of every predictor and feature set, for the predictor, "
        "its trivial projections and the representation; for convex shapes beside the paper's "
        "numbers."
    )
    kind: Literal["table_3"]
