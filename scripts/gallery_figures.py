"""Make one of the figures of a gallery.

    python scripts/gallery_figures.py --settings JSON --output FIGURE.png

Writes FIGURE.png and FIGURE.svg from the stored fits and what was drawn of them. `--settings` is a
JSON object or the path of a JSON file:

    kind    figure_1, figure_2, figure_3, figure_4, figure_7, figure_9, figure_14 or figure_16
    cases   [{"case": NAME, "picture": FOLDER of the picture, "folder": FOLDER of the case}, ...];
            figures 3, 14 and 16 show one
    title   replaces the words about the content, optional
"""

from collections.abc import Sequence

from isr.cli import display_parser, run
from isr.reporting import gallery_figures, settings
from isr.reporting.figure_files import save


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, make the figure, write its two files."""
    parser = display_parser(__doc__, "PNG file")
    options = parser.parse_args(arguments)
    content = settings.read_settings(options.settings)
    save(gallery_figures.make(content), options.output)


if __name__ == "__main__":
    run(main)
