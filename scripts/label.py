"""Make the weak labels of one video.

    python scripts/label.py --settings JSON --labels auto|motion|published|simulated --item DIR
        --downloads DIR --output DIR

Makes 00000.png, ... (0 none, 255 background, 1 foreground), flip/ where labels may be wrong,
labels.csv and about.json. Motion needs nothing but the frames; the published labels lie in the
folder of downloads; auto takes these if they are there, else motion; simulated ones are made from
ground truth, for tests.
"""

from collections.abc import Sequence
from pathlib import Path

from isr.cli import run, settings_parser
from isr.data.items import read_item
from isr.data.kinds import read_entry
from isr.data.weak_labels.kinds import AUTO, KINDS, write_kind


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and label."""
    parser = settings_parser(__doc__)
    parser.add_argument(
        "--labels", choices=(AUTO, *KINDS), required=True, help="kind of the labels"
    )
    parser.add_argument("--item", type=Path, required=True, help="unpacked video")
    parser.add_argument("--downloads", type=Path, required=True, help="where downloaded files lie")
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    options = parser.parse_args(arguments)
    entry, video = read_entry(options.settings), read_item(options.item)
    write_kind(options.labels, video, entry, options.downloads, options.output)


if __name__ == "__main__":
    run(main)
