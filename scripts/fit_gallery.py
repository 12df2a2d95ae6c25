"""Fit one case of a gallery.

    python scripts/fit_gallery.py --settings JSON --picture DIR
        --output part-0.safetensors --history part-0.history.parquet

Makes the stored parameters and the course of the loss terms from the unaries or scribbles of an
unpacked picture of the gallery.
"""

from pathlib import Path

from isr.cli import add_run_options, case_parser, run
from isr.fitting.gallery_job import fit_case
from isr.fitting.running import Run


def main() -> None:
    """Parse the command line and fit."""
    parser = case_parser(__doc__)
    add_run_options(parser)
    parser.add_argument("--output", type=Path, required=True, help="safetensors file to make")
    parser.add_argument("--history", type=Path, required=True, help="parquet file to make")
    arguments = parser.parse_args()
    fit_case(
        arguments.picture,
        arguments.settings,
        arguments.output,
        arguments.history,
        run=Run.from_arguments(arguments),
    )


if __name__ == "__main__":
    run(main)
