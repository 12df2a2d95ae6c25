"""The kinds of tables: one file each, and one line here."""

from isr.reporting.tables.base import TableKind

__all__ = ["KINDS", "TableKind"]

KINDS: tuple[type[TableKind], ...] = ()
