"""Make the paper's Table 4 or 5 from the metrics of the cells of a study of videos.

    python scripts/video_tables.py --settings JSON --metrics CELL/metrics.csv ... --output TABLE.csv

Writes TABLE.csv (tidy) and TABLE.md, TABLE.tex and TABLE.html (the paper's layout). `--settings` is
a JSON object or the path of a JSON file:

    kind        "table_4" (per sequence, sequential and joint) or "table_5" (noise in time)
    study       name of the study
    dataset     {"name", "kind": "fbms" | "drawn", "text"?}
    videos      names of all its videos, in their order
    cells       every cell planned: [{"labels", "predictor", "training", "constraint", "fit",
                "distance", "noise", "seed", "videos"?}, ...]; those whose fit is not the table's
                are left out
    published   whether the paper's numbers stand beside ours (default true)
    title       replaces the words about the content
"""

from collections.abc import Sequence
from pathlib import Path

from isr.cli import display_parser, run
from isr.io import write_text
from isr.reporting import formats, settings, video_study, video_summary, video_tables


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, make the table, write its four files."""
    parser = display_parser(__doc__, "CSV file")
    parser.add_argument("--metrics", type=Path, nargs="*", default=[], help="metrics.csv of cells")
    options = parser.parse_args(arguments)
    content = settings.check_keys(
        settings.read_settings(options.settings),
        "the top",
        required=("kind", *video_study.STUDY_KEYS),
        optional=("title", *video_study.STUDY_OPTIONS),
    )
    kind = video_tables.check_kind(content["kind"])
    study = video_study.parse_study(content, video_tables.FITS_OF_KIND[kind])
    metrics = video_summary.read_video_metrics(options.metrics, study)
    summary, table = video_tables.make(kind, metrics, study, content.get("title"))
    write_text(options.output.with_suffix(".csv"), video_summary.to_csv(summary))
    formats.write_all(table, options.output)


if __name__ == "__main__":
    run(main)
