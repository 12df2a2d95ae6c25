"""Train a predictor on the scribbles of every picture of a data set.

    python scripts/predict.py --settings JSON --dataset DIR [--semantic DIR] --output DIR

Makes OUTPUT/predictor.safetensors and OUTPUT/unaries/PICTURE.png (16 bit) from the pictures and
scribbles of DATASET and, if the features use them, the semantic features.
"""

from pathlib import Path

from isr.cli import add_run_options, job_parser, run
from isr.fitting.jobs import PictureFolder, predict
from isr.fitting.running import Run


def main() -> None:
    """Parse the command line and predict."""
    parser = job_parser(__doc__)
    add_run_options(parser)
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    arguments = parser.parse_args()
    pictures = PictureFolder(arguments.dataset, arguments.settings, semantic=arguments.semantic)
    predict(pictures, arguments.output, run=Run.from_arguments(arguments))


if __name__ == "__main__":
    run(main)
