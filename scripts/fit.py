"""Fit the representations of one part of a cell.

    python scripts/fit.py --settings JSON --dataset DIR [--semantic DIR] [--predictions DIR]
        --output part-0.safetensors --history part-0.history.parquet

Makes the stored parameters and the course of the loss terms from the pictures of DATASET and from
the stored predictions (sequential fits) or the features (joint fits, which train a predictor).
"""

from pathlib import Path

from isr.cli import add_run_options, job_parser, run
from isr.fitting.jobs import PictureFolder, fit
from isr.fitting.running import Run
from isr.parts import part_of


def main() -> None:
    """Parse the command line and fit."""
    parser = job_parser(__doc__)
    parser.add_argument("--predictions", type=Path, help="stored predictions")
    parser.add_argument("--part", type=int, default=0, help="number of the part, from 0")
    parser.add_argument("--parts", type=int, default=1, help="how many parts the cell has")
    add_run_options(parser)
    parser.add_argument("--output", type=Path, required=True, help="safetensors file to make")
    parser.add_argument("--history", type=Path, required=True, help="parquet file to make")
    arguments = parser.parse_args()
    pictures = PictureFolder(
        arguments.dataset,
        arguments.settings,
        semantic=arguments.semantic,
        predictions=arguments.predictions,
    )
    fit(
        pictures,
        part_of(pictures.names, arguments.part, arguments.parts),
        arguments.output,
        arguments.history,
        run=Run.from_arguments(arguments),
    )


if __name__ == "__main__":
    run(main)
