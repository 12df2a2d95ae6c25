"""Bring one video of a data set into the one layout.

    python scripts/unpack_video.py --settings JSON --name VIDEO --root DIR --downloads DIR
        --output DIR

Makes frames/, ground_truth/, objects/ and video.json from what the data set's entry of the
configuration names: the drawn video, a downloaded archive, or a folder of the user's own.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from isr.cli import run, settings_parser
from isr.data.video_sources import unpack


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and unpack."""
    parser: argparse.ArgumentParser = settings_parser(__doc__)
    parser.add_argument("--name", required=True, help="name of the video")
    parser.add_argument("--root", type=Path, default=Path(), help="what paths are seen from")
    parser.add_argument("--downloads", type=Path, required=True, help="where archives lie")
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    options = parser.parse_args(arguments)
    unpack(options.settings, options.name, options.root, options.downloads, options.output)


if __name__ == "__main__":
    run(main)
