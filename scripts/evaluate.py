"""Measure, certify and draw the fits of one cell.

    python scripts/evaluate.py --settings JSON --dataset DIR [--semantic DIR] [--predictions DIR]
        --fits part-0.safetensors ... --output CELL

Makes CELL/metrics.csv, CELL/certificates.csv, CELL/masks/, CELL/predictor/ and CELL/outlines/ from
the stored parameters, at the pictures' own size.
"""

from pathlib import Path

from isr.cli import job_parser, run
from isr.evaluation.cell import evaluate_cell
from isr.fitting.jobs import PictureFolder
from isr.fitting.store import read_parts
from isr.io import read_json


def main() -> None:
    """Parse the command line and evaluate."""
    parser = job_parser(__doc__)
    parser.add_argument("--predictions", type=Path, help="stored predictions")
    parser.add_argument("--fits", type=Path, nargs="+", required=True, help="parts of the cell")
    parser.add_argument("--output", type=Path, required=True, help="folder of the cell")
    arguments = parser.parse_args()
    pictures = PictureFolder(
        arguments.dataset,
        arguments.settings,
        semantic=arguments.semantic,
        predictions=arguments.predictions,
    )
    semantic = "none"
    if arguments.semantic is not None:
        semantic = read_json(arguments.semantic / "source.json")["source"]
    evaluate_cell(read_parts(arguments.fits), pictures, arguments.output, semantic=semantic)


if __name__ == "__main__":
    run(main)
