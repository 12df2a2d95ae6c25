"""Make the report: one HTML page that opens without a network.

    python scripts/report.py --settings JSON --output results/report.html

The settings are:

    studies     as isr.reporting.study reads them; a cell without metrics.csv is "not run"
    tables      [{"file": TABLE.html, "study", "caption"}]
    figures     [{"file": FIGURE.png or .gif, "study", "caption"}]
    benchmarks  [{"file", "rule"}]: what the jobs wrote of their costs (see isr.job_costs)
"""

from collections.abc import Sequence

from isr.cli import display_parser, run
from isr.inventory import write_inventory
from isr.io import write_text
from isr.reporting.report.page import make


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, make the page, write it."""
    parser = display_parser(__doc__, "HTML file")
    options = parser.parse_args(arguments)
    write_text(options.output, make(options.settings))
    write_inventory(*options.inventory)


if __name__ == "__main__":
    run(main)
