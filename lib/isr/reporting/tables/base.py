"""What every kind of table offers: its keys, the cells that it is about, and how it is made."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from isr.models import Model, Text
from isr.reporting.study import Cells, Study

if TYPE_CHECKING:
    from isr.reporting.tables.layout import Table


class TableKind(Model):
    """One table.

    Attributes:
        caption: a sentence or two on what it shows, for the report.
    """

    caption: ClassVar[str]

    kind: str
    title: Text | None = Field(None, description="replaces the words about the content")
    published: bool = Field(
        True, description="whether the paper's numbers stand beside ours, where it has such"
    )

    @abstractmethod
    def shown(self, cells: Cells, place: str) -> list[str]:
        """Names of the cells that it is about.

        Args:
            cells: of the study.
            place: where it stands in the configuration, for messages.

        Raises:
            UserError: the study has none, or several kinds of which none is named.
        """

    @abstractmethod
    def make(self, study: Study, shown: Sequence[str]) -> "tuple[str, Table]":
        """Average the metrics of its cells, and lay the numbers out.

        Args:
            study: whose cells it is about.
            shown: their names, as `shown` gives them.

        Returns:
            The numbers in tidy form as text for a CSV file, and the table.

        Raises:
            UserError: a file cannot be read.
        """
