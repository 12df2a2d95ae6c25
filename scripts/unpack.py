"""Bring the pictures of a data set into the one layout.

    python scripts/unpack.py --settings JSON --name NAME --downloads DIR --output DIR

Makes images/, scribbles/, ground_truth/ and index.csv from what the data set's entry of the
configuration names: the embedded pictures, a downloaded archive, or a folder of the user's own.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from isr.cli import run
from isr.data.dataset import write_dataset
from isr.data.sources import describe, load_pictures, picture_names
from isr.errors import UserError


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and unpack."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--settings", type=json.loads, required=True, help="entry as JSON object")
    parser.add_argument("--name", required=True, help="name of the data set, for messages")
    parser.add_argument("--downloads", type=Path, required=True, help="where archives lie")
    parser.add_argument("--root", type=Path, default=Path(), help="what paths are seen from")
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    options = parser.parse_args(arguments)
    try:
        source, licence = describe(options.settings, picture_names(options.settings, options.root))
        pictures = load_pictures(options.settings, options.root, options.downloads)
        write_dataset(options.output, pictures, source=source, licence=licence)
    except UserError as error:
        raise UserError(f"data set {options.name}: {error}") from None


if __name__ == "__main__":
    run(main)
