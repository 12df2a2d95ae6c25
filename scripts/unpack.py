"""Bring one item of a data set into the one layout.

    python scripts/unpack.py --settings JSON --name ITEM --downloads DIR --output DIR

Makes a folder with frames/, item.json and whatever is known of the item (see isr.data.items) from
what the data set's entry of the configuration names: embedded pictures, a download, or files of the
user's own.
"""

from collections.abc import Sequence
from pathlib import Path

from isr.cli import run, settings_parser
from isr.data.kinds import read_entry
from isr.errors import UserError


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and unpack."""
    parser = settings_parser(__doc__)
    parser.add_argument("--name", required=True, help="name of the item")
    parser.add_argument("--downloads", type=Path, required=True, help="where downloaded files lie")
    parser.add_argument("--root", type=Path, default=Path(), help="what paths are seen from")
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    options = parser.parse_args(arguments)
    entry = read_entry(options.settings)
    if options.name not in entry.names(options.root):
        raise UserError(f"{options.name!r} is not an item of this data set: correct its name.")
    entry.unpack(options.name, options.root, options.downloads, options.output)


if __name__ == "__main__":
    run(main)
