"""Train the UNet of a video on its weak labels, or take a published one, and write its unaries.

    python scripts/predict_video.py --settings JSON --video DIR --labels DIR [--checkpoints FILE]
        --output DIR

Makes OUTPUT/predictor.safetensors, OUTPUT/unaries/00000.png (16 bit, one for each frame) and
OUTPUT/history.parquet from an unpacked video and its weak labels; with published networks nothing
is trained.
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
    parser.add_argument("--video", type=Path, required=True, help="unpacked video")
    parser.add_argument("--labels", type=Path, required=True, help="its weak labels")
    parser.add_argument("--checkpoints", type=Path, help="published networks")
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    arguments = parser.parse_args()
    predict(
        arguments.settings,
        read_video(arguments.video),
        arguments.labels,
        arguments.output,
        checkpoints=arguments.checkpoints,
        run=Run.from_arguments(arguments),
    )


if __name__ == "__main__":
    run(main)
