"""Make one table from the metrics of a study's cells.

    python scripts/make_table.py --settings JSON --output TABLE.csv

Writes TABLE.csv (tidy) and TABLE.md, TABLE.tex and TABLE.html (the paper's layout). The
settings are {name, entry (of the configuration), shown (names of cells), study (see
isr.reporting.study)}.
"""

from collections.abc import Sequence

from isr.cli import display_parser, run
from isr.inventory import write_inventory
from isr.io import write_text
from isr.models import parse
from isr.reporting.study import read_study
from isr.reporting.tables import Table
from isr.reporting.tables.layout import write_all


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, make the table, write its four files."""
    parser = display_parser(__doc__, "CSV file")
    options = parser.parse_args(arguments)
    told = options.settings
    kind = parse(Table, told["entry"], f"tables.{told['name']}")
    text, table = kind.make(read_study(told["study"]), told["shown"])
    write_text(options.output.with_suffix(".csv"), text)
    write_all(table, options.output)
    write_inventory(*options.inventory)


if __name__ == "__main__":
    run(main)
