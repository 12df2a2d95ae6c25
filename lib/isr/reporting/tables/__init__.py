"""The kinds of tables, each with one line here."""

from isr.models import one_of
from isr.reporting.tables.base import TableKind
from isr.reporting.tables.non_convexity import NonConvexity
from isr.reporting.tables.peers import Peers
from isr.reporting.tables.student_report import StudentTable1
from isr.reporting.tables.table_1 import Table1, Table3
from isr.reporting.tables.table_2 import Table2
from isr.reporting.tables.table_4 import Table4, Table5

__all__ = ["KINDS", "Table", "TableKind"]

KINDS: tuple[type[TableKind], ...] = (
    *(Table1, Table2, Table3, Table4, Table5),
    *(NonConvexity, Peers, StudentTable1),
)

Table = one_of(KINDS)
"""The type of an entry of `tables` of a study."""
