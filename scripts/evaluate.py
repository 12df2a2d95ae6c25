"""Measure, certify and draw the fits of one cell, whatever its items are.

    python scripts/evaluate.py --settings JSON --items DIR [DIR ...] --fits DIR [DIR ...]
        [--semantic DIR] [--predictions DIR ...] [--labels DIR ...] --output CELL

Makes CELL/metrics.csv, CELL/certificates.csv, CELL/masks/, CELL/predictor/, CELL/outlines/ and
CELL/cell.json from the stored parameters (see isr.evaluation.evaluate).
"""

from pathlib import Path

from isr.cli import run, settings_parser
from isr.data.items import find_items
from isr.evaluation.evaluate import evaluate
from isr.evaluation.job import EvaluateJob, read_networks
from isr.io import read_json
from isr.store import FITS, read_parts


def main() -> None:
    """Parse the command line and evaluate."""
    parser = settings_parser(__doc__)
    parser.add_argument("--items", type=Path, nargs="+", required=True, help="unpacked items")
    parser.add_argument("--fits", type=Path, nargs="+", required=True, help="parts of the batch")
    parser.add_argument("--semantic", type=Path, help="semantic features")
    parser.add_argument("--predictions", type=Path, nargs="*", default=[], help="stored unaries")
    parser.add_argument("--labels", type=Path, nargs="*", default=[], help="weak labels of videos")
    parser.add_argument("--output", type=Path, required=True, help="folder of the cell")
    options = parser.parse_args()
    source = ""
    if options.semantic is not None:
        source = read_json(options.semantic / "source.json")["source"]
    job = EvaluateJob(
        options.settings,
        find_items(options.items),
        read_parts([part / FITS for part in options.fits]),
        read_networks(options.fits),
        options.semantic,
        source,
        options.predictions,
        {path.name: path for path in options.labels},
    )
    evaluate(job, options.output)


if __name__ == "__main__":
    run(main)
