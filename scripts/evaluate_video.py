"""Measure, certify and draw the fits of one cell of videos.

    python scripts/evaluate_video.py --settings JSON --videos DIR --labels DIR --predictions DIR
        --fits part-0.safetensors ... [--predictors part-0.predictors ...] --output CELL

Makes CELL/metrics.csv, CELL/certificates.csv, CELL/masks/, CELL/predictor/ and CELL/outlines/ from
the stored parameters: annotated frames at their own size, the others at the size they were fitted
at. --videos, --labels and --predictions each hold a folder per video, --predictors of a joint cell
the tuned predictors of each part.
"""

import argparse
import json
from pathlib import Path

from isr.cli import run
from isr.evaluation.video import evaluate_video_cell
from isr.evaluation.video_cell import VideoCell
from isr.fitting.store import read_parts


def main() -> None:
    """Parse the command line and evaluate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON object")
    parser.add_argument("--videos", type=Path, required=True, help="unpacked videos")
    parser.add_argument("--labels", type=Path, required=True, help="their weak labels")
    parser.add_argument("--predictions", type=Path, required=True, help="stored predictions")
    parser.add_argument("--fits", type=Path, nargs="+", required=True, help="parts of the cell")
    parser.add_argument("--predictors", type=Path, nargs="+", default=[], help="tuned predictors")
    parser.add_argument("--output", type=Path, required=True, help="folder of the cell")
    arguments = parser.parse_args()
    cell = VideoCell(
        arguments.settings,
        videos=arguments.videos,
        labels=arguments.labels,
        predictions=arguments.predictions,
        predictors=arguments.predictors,
    )
    evaluate_video_cell(read_parts(arguments.fits), cell, arguments.output)


if __name__ == "__main__":
    run(main)
