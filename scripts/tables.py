"""Make one of the paper's tables from the metrics of a study's cells.

    python scripts/tables.py --metrics CELL/metrics.csv ... --settings JSON --output TABLE.csv

Writes TABLE.csv (tidy: one row per setting and output) and TABLE.md, TABLE.tex and TABLE.html (the
paper's layout). `--settings` is a JSON object or the path of a JSON file:

    kind        "table_1" or "table_3"
    study       name of the study
    dataset     {"name", "kind": "embedded" | "convexitydb" | "scribbles", "text"?, "long_side"?}
    cells       every cell planned: [{"constraint", "predictor", "features", "fit", "seed"}, ...]
    published   whether the papers' numbers stand beside ours (default true)
    constraint  the constraint that is tabulated (default: the only one of the cells)
    predictors  published network ("fcn", "cnn") of each predictor's name (default: its own name)
    title       replaces the words about the content
"""

from collections.abc import Sequence
from pathlib import Path

from isr.cli import display_parser, run
from isr.io import write_text
from isr.reporting import formats, settings, summary, tables


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, make the table, write its four files."""
    parser = display_parser(__doc__, "CSV file")
    parser.add_argument("--metrics", type=Path, nargs="*", default=[], help="metrics.csv of cells")
    options = parser.parse_args(arguments)
    content = settings.check_keys(
        settings.read_settings(options.settings),
        "the top",
        required=("kind", *settings.STUDY_KEYS),
        optional=("title", *settings.STUDY_OPTIONS),
    )
    study = settings.parse_study(content)
    metrics = summary.read_metrics(options.metrics, study.name)
    numbers = summary.summarise(metrics, study)
    table = tables.make(content["kind"], numbers, study, content.get("title"))
    write_text(options.output.with_suffix(".csv"), summary.to_csv(numbers))
    formats.write_all(table, options.output)


if __name__ == "__main__":
    run(main)
