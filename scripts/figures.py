"""Make one of the paper's figures.

    python scripts/figures.py --settings JSON [--metrics CELL/metrics.csv ...] --output FIGURE.png

Writes FIGURE.png and FIGURE.svg. `--settings` is a JSON object or the path of a JSON file; `title`
is optional in all of them:

    figure 5    {"kind": "figure_5", "rows": [{"dataset": FOLDER, "picture": NAME,
                "sequential": CELL FOLDER or null, "joint": CELL FOLDER or null}, ...]}; from the
                cells' masks/, predictor/ and metrics.csv
    figure 9a   {"kind": "figure_9a", "dataset": FOLDER, "picture": NAME, "fits": [FILE, ...]}; from
                the stored fit that holds the picture
    figure 11   {"kind": "figure_11"} and the keys of a table (see tables.py); from `--metrics`
"""

from collections.abc import Sequence
from pathlib import Path

from isr.cli import display_parser, run
from isr.reporting import figures, settings
from isr.reporting.figure_files import save


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, make the figure, write its two files."""
    parser = display_parser(__doc__, "PNG file")
    parser.add_argument("--metrics", type=Path, nargs="*", default=[], help="metrics.csv of cells")
    options = parser.parse_args(arguments)
    content = settings.read_settings(options.settings)
    save(figures.make(content, options.metrics), options.output)


if __name__ == "__main__":
    run(main)
