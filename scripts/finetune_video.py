"""Tune the representations of one part of a video cell together with their UNets (eq. 17).

    python scripts/finetune_video.py --settings JSON --part-videos NAME [NAME ...] --videos DIR
        --labels DIR --predictions DIR --fits sequential/part-0.safetensors
        --output part-0.safetensors --history part-0.history.parquet --predictors part-0.predictors

Makes the stored parameters, the course of the loss terms and the tuned UNets from unpacked videos,
their weak labels, their stored predictions and the same part of the sequential cell.
"""

from pathlib import Path

from isr.cli import add_run_options, run, settings_parser
from isr.fitting.running import Run
from isr.fitting.store import read_fits
from isr.fitting.video_folder import VideoFolder
from isr.fitting.video_joint import JointCell, finetune


def main() -> None:
    """Parse the command line and tune."""
    parser = settings_parser(__doc__)
    add_run_options(parser)
    parser.add_argument("--videos", type=Path, required=True, help="folder of unpacked videos")
    parser.add_argument("--labels", type=Path, required=True, help="folder of their weak labels")
    parser.add_argument("--predictions", type=Path, required=True, help="folder of predictions")
    parser.add_argument("--fits", type=Path, required=True, help="part of the sequential cell")
    parser.add_argument("--part-videos", nargs="+", required=True, help="videos of this part")
    parser.add_argument("--output", type=Path, required=True, help="safetensors file to make")
    parser.add_argument("--history", type=Path, required=True, help="parquet file to make")
    parser.add_argument("--predictors", type=Path, required=True, help="folder to make")
    arguments = parser.parse_args()
    cell = JointCell(
        arguments.settings,
        VideoFolder(arguments.videos, arguments.predictions, arguments.settings),
        arguments.labels,
        read_fits(arguments.fits),
    )
    finetune(
        cell,
        arguments.part_videos,
        arguments.output,
        arguments.history,
        arguments.predictors,
        run=Run.from_arguments(arguments),
    )


if __name__ == "__main__":
    run(main)
