"""Train a UNet on the weak labels of videos, or take published ones, and write the unaries.

    python scripts/predict_video.py --settings JSON --video DIR [DIR ...] --labels DIR [DIR ...]
        [--checkpoints FILE] --output DIR [DIR ...]

Makes OUTPUT/predictor.safetensors, OUTPUT/unaries/00000.png (16 bit, one for each frame) and
OUTPUT/history.parquet for each video from its frames and weak labels; all of the videos that are
given share one network. With published networks nothing is trained.
"""

from pathlib import Path

from isr.cli import add_run_options, run, settings_parser
from isr.data.videos import read_video
from isr.fitting.running import Run
from isr.fitting.video_predictor import predict


def main() -> None:
    """Parse the command line and predict."""
    parser = settings_parser(__doc__)
    add_run_options(parser)
    parser.add_argument("--video", type=Path, nargs="+", required=True, help="unpacked videos")
    parser.add_argument("--labels", type=Path, nargs="+", required=True, help="their weak labels")
    parser.add_argument("--checkpoints", type=Path, help="published networks")
    parser.add_argument("--output", type=Path, nargs="+", required=True, help="folders to make")
    arguments = parser.parse_args()
    predict(
        arguments.settings,
        [read_video(folder) for folder in arguments.video],
        arguments.labels,
        arguments.output,
        checkpoints=arguments.checkpoints,
        run=Run.from_arguments(arguments),
    )


if __name__ == "__main__":
    run(main)
