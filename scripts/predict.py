"""Make the unaries of some items by one predictor, for every cell that projects them.

    python scripts/predict.py --settings JSON --items DIR [DIR ...] [--semantic DIR]
        [--labels DIR ...] [--checkpoints PATH] --output DIR

Makes OUTPUT/predictor.safetensors, OUTPUT/history.parquet and OUTPUT/unaries/SEED/ITEM.png (16
bit): from the scribbles of the items, the weak labels of videos, or by computing.
"""

from pathlib import Path

from isr.cli import add_run_options, run, settings_parser
from isr.data.items import find_items
from isr.fitting.engine.long_work import Run
from isr.fitting.predict import PredictJob, predict


def main() -> None:
    """Parse the command line and predict."""
    parser = settings_parser(__doc__)
    parser.add_argument("--items", type=Path, nargs="+", required=True, help="unpacked items")
    parser.add_argument("--semantic", type=Path, help="semantic features")
    parser.add_argument("--labels", type=Path, nargs="*", default=[], help="weak labels of videos")
    parser.add_argument("--checkpoints", type=Path, help="published networks or weights")
    add_run_options(parser)
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    options = parser.parse_args()
    job = PredictJob(
        options.settings,
        find_items(options.items),
        options.semantic,
        {path.name: path for path in options.labels},
        options.checkpoints,
        Run.from_arguments(options),
    )
    predict(job, options.output)


if __name__ == "__main__":
    run(main)
