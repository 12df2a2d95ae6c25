"""Fit the representations of one part of a cell.

    python scripts/fit.py --settings JSON --dataset DIR [--semantic DIR] [--predictions DIR]
        --output part-0.safetensors --history part-0.history.parquet

Makes the stored parameters and the course of the loss terms from the pictures of DATASET and from
the stored predictions (sequential fits) or the features (joint fits, which train a predictor).
"""

import argparse
import json
from pathlib import Path

from isr.cli import run
from isr.fitting.cells import choose_device
from isr.fitting.jobs import PictureFolder, fit
from isr.parts import part_of


def main() -> None:
    """Parse the command line and fit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON object")
    parser.add_argument("--dataset", type=Path, required=True, help="unpacked data set")
    parser.add_argument("--semantic", type=Path, help="semantic features")
    parser.add_argument("--predictions", type=Path, help="stored predictions")
    parser.add_argument("--part", type=int, default=0, help="number of the part, from 0")
    parser.add_argument("--parts", type=int, default=1, help="how many parts the cell has")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--checkpoint", type=Path, help="where an interrupted run goes on from")
    parser.add_argument("--checkpoint-every", type=float, default=60.0, help="seconds")
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
        device=choose_device(arguments.device),
        checkpoint_path=arguments.checkpoint,
        checkpoint_every=arguments.checkpoint_every,
    )


if __name__ == "__main__":
    run(main)
