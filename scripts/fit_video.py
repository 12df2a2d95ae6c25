"""Fit the representations of one part of a video cell.

    python scripts/fit_video.py --settings JSON --videos DIR --predictions DIR
        --part-videos NAME [NAME ...] --output part-0.safetensors --history part-0.history.parquet

Makes the stored parameters and the course of the loss terms from the unaries of unpacked videos:
one representation for each frame, or one for a whole video where the fit is spatio-temporal.
"""

from pathlib import Path

from isr.cli import add_run_options, run, settings_parser
from isr.fitting.running import Run
from isr.fitting.video import fit_frames, fit_videos
from isr.fitting.video_folder import VideoFolder
from isr.video_axes import SPATIO_TEMPORAL


def main() -> None:
    """Parse the command line and fit."""
    parser = settings_parser(__doc__)
    add_run_options(parser)
    parser.add_argument("--videos", type=Path, required=True, help="folder of unpacked videos")
    parser.add_argument("--predictions", type=Path, required=True, help="folder of predictions")
    parser.add_argument("--part-videos", nargs="+", required=True, help="videos of this part")
    parser.add_argument("--output", type=Path, required=True, help="safetensors file to make")
    parser.add_argument("--history", type=Path, required=True, help="parquet file to make")
    arguments = parser.parse_args()
    settings = arguments.settings
    fit = fit_videos if settings["fit"] == SPATIO_TEMPORAL else fit_frames
    fit(
        VideoFolder(arguments.videos, arguments.predictions, settings),
        arguments.part_videos,
        settings,
        arguments.output,
        arguments.history,
        run=Run.from_arguments(arguments),
    )


if __name__ == "__main__":
    run(main)
