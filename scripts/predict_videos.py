"""Train one UNet on the weak labels of several videos, and write the unaries of each.

    python scripts/predict_videos.py --settings JSON --videos DIR [DIR ...] --labels DIR [DIR ...]
        --output DIR [DIR ...]

Makes OUTPUT/predictor.safetensors, OUTPUT/unaries/00000.png (16 bit, one for each frame) and
OUTPUT/history.parquet for each video from its frames and weak labels, given in the same order.
"""

from pathlib import Path

from isr.cli import add_run_options, run, settings_parser
from isr.data.videos import read_video
from isr.fitting.running import Run
from isr.fitting.video_together import predict_together


def main() -> None:
    """Parse the command line and predict."""
    parser = settings_parser(__doc__)
    add_run_options(parser)
    parser.add_argument("--videos", type=Path, nargs="+", required=True, help="unpacked videos")
    parser.add_argument("--labels", type=Path, nargs="+", required=True, help="their weak labels")
    parser.add_argument("--output", type=Path, nargs="+", required=True, help="folders to make")
    arguments = parser.parse_args()
    predict_together(
        arguments.settings,
        [read_video(folder) for folder in arguments.videos],
        arguments.labels,
        arguments.output,
        run=Run.from_arguments(arguments),
    )


if __name__ == "__main__":
    run(main)
