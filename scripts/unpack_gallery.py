"""Make one picture of the gallery with its unaries or scribbles.

    python scripts/unpack_gallery.py --source authors|embedded --name NAME --output DIR
        [--downloads DIR]

Makes DIR/image.png (or frames/), unaries.npy or scribbles.png, third.npy, truth.png and about.json.
The authors' pictures are made from their files in the folder of downloads, whose hashes are
verified.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from isr.cli import run
from isr.data import gallery


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and unpack."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", choices=gallery.SOURCES, required=True)
    parser.add_argument("--name", required=True, help="name of the picture")
    parser.add_argument("--downloads", type=Path, help="where the authors' files lie")
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    options = parser.parse_args(arguments)
    if options.source == "embedded":
        picture = gallery.embedded_load(options.name)
    elif options.downloads is None:
        parser.error("--downloads is needed for the authors' pictures")
    else:
        picture = gallery.load(options.name, options.downloads)
    gallery.write_picture(options.output, picture)


if __name__ == "__main__":
    run(main)
