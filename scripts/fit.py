"""Fit the representations of one part of a batch of cells, whatever their items are.

    python scripts/fit.py --settings JSON --inputs JSON --output DIR

Makes OUTPUT/fits.safetensors (stored parameters) and OUTPUT/history.parquet (the course of the loss
terms). The inputs are {items, predictions, semantic, labels, fits}, lists of folders: stored
predictions, or features where a predictor is trained along. Joint fits of videos go on from the
parts of the sequential cell that `fits` names, and make OUTPUT/predictors.safetensors too.
"""

from pathlib import Path

from isr.cli import add_run_options, run, settings_parser
from isr.data.items import find_items
from isr.fitting.engine.long_work import Run
from isr.fitting.fit import FitJob, fit
from isr.store import FITS, read_parts


def main() -> None:
    """Parse the command line and fit."""
    parser = settings_parser(__doc__, inputs=True)
    add_run_options(parser)
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    options = parser.parse_args()
    inputs = options.inputs
    job = FitJob(
        options.settings,
        find_items(inputs.items),
        inputs.semantic,
        inputs.predictions,
        inputs.label_folders,
        read_parts([part / FITS for part in inputs.fits]),
        Run.from_arguments(options),
    )
    fit(job, options.output)


if __name__ == "__main__":
    run(main)
