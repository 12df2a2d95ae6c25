"""Make the unaries of some items by one predictor, for every cell that projects them.

    python scripts/predict.py --settings JSON --inputs JSON --output DIR

Makes OUTPUT/predictor.safetensors, OUTPUT/history.parquet and OUTPUT/unaries/SEED/ITEM.png (16
bit): from the scribbles of the items, the weak labels of videos, or by computing. The inputs are
{items, semantic, labels, networks}, lists of folders; `networks` is one path, of published networks
or weights.
"""

from pathlib import Path

from isr.cli import add_run_options, run, settings_parser
from isr.data.items import find_items
from isr.fitting.engine.long_work import Run
from isr.fitting.predict import PredictJob, predict


def main() -> None:
    """Parse the command line and predict."""
    parser = settings_parser(__doc__, inputs=True)
    add_run_options(parser)
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    options = parser.parse_args()
    inputs = options.inputs
    job = PredictJob(
        options.settings,
        find_items(inputs.items),
        inputs.semantic,
        inputs.label_folders,
        inputs.networks,
        Run.from_arguments(options),
    )
    predict(job, options.output)


if __name__ == "__main__":
    run(main)
