"""Train a predictor on the scribbles of every picture of a data set.

    python scripts/predict.py --settings JSON --dataset DIR [--semantic DIR] --output DIR

Makes OUTPUT/predictor.safetensors and OUTPUT/unaries/PICTURE.png (16 bit) from the pictures and
scribbles of DATASET and, if the features use them, the semantic features.
"""

import argparse
import json
from pathlib import Path

from isr.cli import run
from isr.fitting.cells import choose_device
from isr.fitting.jobs import PictureFolder, predict


def main() -> None:
    """Parse the command line and predict."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON object")
    parser.add_argument("--dataset", type=Path, required=True, help="unpacked data set")
    parser.add_argument("--semantic", type=Path, help="semantic features")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--checkpoint", type=Path, help="where an interrupted run goes on from")
    parser.add_argument("--checkpoint-every", type=float, default=60.0, help="seconds")
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    arguments = parser.parse_args()
    pictures = PictureFolder(arguments.dataset, arguments.settings, semantic=arguments.semantic)
    predict(
        pictures,
        arguments.output,
        device=choose_device(arguments.device),
        checkpoint_path=arguments.checkpoint,
        checkpoint_every=arguments.checkpoint_every,
    )


if __name__ == "__main__":
    run(main)
