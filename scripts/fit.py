"""Fit the representations of one part of a batch of cells, whatever their items are.

    python scripts/fit.py --settings JSON --items DIR [DIR ...] [--semantic DIR]
        [--predictions DIR ...] [--labels DIR ...] [--fits DIR ...] --output DIR

Makes OUTPUT/fits.safetensors (stored parameters) and OUTPUT/history.parquet (the course of the loss
terms) from the items and stored predictions, or from features where a predictor is trained along.
Joint fits of videos go on from the parts of the sequential cell that --fits names, and make
OUTPUT/predictors.safetensors too.
"""

from pathlib import Path

from isr.cli import add_run_options, run, settings_parser
from isr.data.items import find_items
from isr.fitting.engine.long_work import Run
from isr.fitting.fit import FitJob, fit
from isr.store import FITS, read_parts


def main() -> None:
    """Parse the command line and fit."""
    parser = settings_parser(__doc__)
    parser.add_argument("--items", type=Path, nargs="+", required=True, help="unpacked items")
    parser.add_argument("--semantic", type=Path, help="semantic features")
    parser.add_argument("--predictions", type=Path, nargs="*", default=[], help="stored unaries")
    parser.add_argument("--labels", type=Path, nargs="*", default=[], help="weak labels of videos")
    parser.add_argument("--fits", type=Path, nargs="*", default=[], help="sequential parts")
    add_run_options(parser)
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    options = parser.parse_args()
    job = FitJob(
        options.settings,
        find_items(options.items),
        options.semantic,
        options.predictions,
        {path.name: path for path in options.labels},
        read_parts([part / FITS for part in options.fits]),
        Run.from_arguments(options),
    )
    fit(job, options.output)


if __name__ == "__main__":
    run(main)
