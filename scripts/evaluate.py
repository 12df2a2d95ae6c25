"""Measure, certify and draw the fits of one cell, whatever its items are.

    python scripts/evaluate.py --settings JSON --inputs JSON --output CELL

Makes CELL/metrics.csv, CELL/certificates.csv, CELL/masks/, CELL/predictor/, CELL/outlines/ and
CELL/cell.json from the stored parameters (see isr.evaluation.evaluate). The inputs are {items,
fits, semantic, predictions, labels}, lists of folders; `fits` are all parts of the cell.
"""

from pathlib import Path

from isr.cli import add_inventory_option, run, settings_parser
from isr.data.items import find_items
from isr.evaluation.evaluate import evaluate
from isr.evaluation.job import EvaluateJob, read_networks
from isr.inventory import write_inventory
from isr.io import read_json
from isr.store import FITS, read_parts


def main() -> None:
    """Parse the command line and evaluate."""
    parser = settings_parser(__doc__, inputs=True)
    parser.add_argument("--output", type=Path, required=True, help="folder of the cell")
    add_inventory_option(parser)
    options = parser.parse_args()
    inputs = options.inputs
    source = ""
    if inputs.semantic is not None:
        source = read_json(inputs.semantic / "source.json")["source"]
    job = EvaluateJob(
        options.settings,
        find_items(inputs.items),
        read_parts([part / FITS for part in inputs.fits]),
        read_networks(inputs.fits),
        inputs.semantic,
        source,
        inputs.predictions,
        inputs.label_folders,
    )
    evaluate(job, options.output)
    write_inventory(*options.inventory)


if __name__ == "__main__":
    run(main)
