"""A table as a person reads it, before it takes a file format."""

from collections.abc import Sequence
from dataclasses import dataclass, field

MINUS = "\N{MINUS SIGN}"
DEVIATION = "\N{PLUS-MINUS SIGN}"
NOT_LEGIBLE = "not legible"


@dataclass(frozen=True)
class Span:
    """A piece of text in one weight."""

    text: str
    bold: bool = False


Entry = tuple[Span, ...]
"""The content of one table cell: its spans follow each other, joined by " / "."""


@dataclass(frozen=True)
class Heading:
    """A column heading over `columns` columns."""

    text: str
    columns: int = 1


@dataclass(frozen=True)
class Line:
    """One table row: its names (as many as the table has stubs) and its entries."""

    names: tuple[str, ...]
    entries: tuple[Entry, ...]
    opens_block: bool = False
    secondary: bool = False


@dataclass(frozen=True)
class Table:
    """A laid-out table.

    Attributes:
        title: one line that says what is shown, on which data.
        stubs: headings of the columns that name a row.
        headings: rows of headings over the entries; in each, the columns add up to the same number.
        lines: the rows.
        notes: sentences that stand below.
    """

    title: str
    stubs: tuple[str, ...]
    headings: tuple[tuple[Heading, ...], ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = field(default=())


def line_of(
    names: tuple[str, ...],
    spans: Sequence[Span],
    opens_block: bool = False,
    secondary: bool = False,
) -> Line:
    """A row with one span in each cell."""
    return Line(names, tuple((span,) for span in spans), opens_block, secondary)


def spread(value: float, deviation: float) -> str:
    """A score and its deviation over seeds; one seed has none.

    >>> spread(0.5, 0.0125), spread(0.5, float("nan"))
    ('0.500 ± 0.013', '0.500')
    """
    return f"{value:.3f}" + (f" {DEVIATION} {deviation:.3f}" if deviation == deviation else "")


def signed(value: float) -> str:
    """A difference with its sign."""
    return f"{value:+.3f}".replace("-", MINUS)


def best_of(texts: Sequence[str]) -> str | None:
    """The highest of some printed scores; None where there are fewer than two."""
    return max(texts, key=float) if len(texts) > 1 else None
