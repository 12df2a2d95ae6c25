"""Make the report: one HTML page that opens without a network.

    python scripts/report.py --settings JSON --output results/report.html

`--settings` is a JSON object or the path of a JSON file:

    datasets    [{"name", "kind", "folder", "text"?, "long_side"?}]; reads FOLDER/index.csv
    studies     [{"name", "dataset": NAME, "cells": [{axes of the cell, "folder"}], "text"?}]; reads
                metrics.csv and certificates.csv of the cells; a cell without them is "not run"
    tables      [{"file": TABLE.html, "caption"?}], optional
    figures     [{"file": FIGURE.png or .gif, "caption"?, "title"?}], optional
    gallery     [{"cell": CELL FOLDER, "dataset": FOLDER, "pictures"?, "title"?}], optional
    galleries   [{"name", "source", "text"?, "cases": [{"case", "constraint", "picture", "folder",
                "by_hand"?: {KEY: VALUE}}]}], optional: studies of single pictures, and what of
                them was set by hand; a case without metrics.csv is "not run"
    video_studies  [{"name", "dataset": {"name", "kind", "text"?}, "videos": FOLDER, "labels":
                {KIND: FOLDER}, "text"?, "cells": [{axes of the cell, "folder", "videos":
                [NAME]}]}], optional: FOLDER holds one folder per video
    benchmarks  [FILE or {"file", "rule"}], optional: what the jobs wrote of their costs (see
                isr.job_costs); a missing file is counted
    title       optional

A caption is a sentence, or the path of an .rst file that holds it.
"""

from collections.abc import Sequence

from isr.cli import display_parser, run
from isr.io import write_text
from isr.reporting import report, settings


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, make the page, write it."""
    parser = display_parser(__doc__, "HTML file")
    options = parser.parse_args(arguments)
    write_text(options.output, report.make(settings.read_settings(options.settings)))


if __name__ == "__main__":
    run(main)
