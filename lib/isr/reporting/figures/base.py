"""What every kind of figure offers: its keys, the cells that it shows, and how it is drawn."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from isr.models import Model, OutputName, Text
from isr.reporting.study import Cells, Study

Choice = OutputName | dict[str, Any]
"""A cell by its name, or by as many axes as pick one."""
Choices = Annotated[list[Choice], Field(min_length=1)]


class FigureKind(Model):
    """One figure.

    Attributes:
        caption: a sentence or two on what it shows, for the report.
        animated: whether it is a GIF; else PNG and SVG.
        whole: whether it is of all cells of the study, from their metrics alone.
    """

    caption: ClassVar[str]
    animated: ClassVar[bool] = False
    whole: ClassVar[bool] = False
    moved: ClassVar[dict[str, str]] = {
        "cases": "it is called cells now",
        "case": "it is called cell now",
    }

    kind: str
    title: Text | None = Field(None, description="replaces the words about the content")

    @abstractmethod
    def shown(self, cells: Cells, place: str) -> list[str]:
        """Names of the cells that it shows, in its order.

        Args:
            cells: of the study.
            place: where it stands in the configuration, for messages.

        Raises:
            UserError: it does not pick them, or a cell cannot be shown so.
        """

    def check_items(self, items: Mapping[str, Sequence[str]], place: str) -> None:
        """See that the items that it names are those of the cells that it shows.

        Args:
            items: names of the items of each cell that it shows.
            place: where it stands in the configuration, for messages.

        Raises:
            UserError: one is not.
        """

    @abstractmethod
    def draw(self, study: Study, shown: Sequence[str], output: Path) -> None:
        """Draw it from what the cells left.

        Args:
            study: whose cells are shown.
            shown: their names, as `shown` gives them.
            output: PNG (an SVG is written beside it) or GIF file to make.

        Raises:
            UserError: a file is missing, or a cell cannot be shown so.
        """
