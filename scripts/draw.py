"""Make one figure or animation from what the cells of a study left.

    python scripts/draw.py --settings JSON --output FIGURE.png
    python scripts/draw.py --settings JSON --output ANIMATION.gif

Writes FIGURE.png and FIGURE.svg, or ANIMATION.gif. The settings are {name, entry (of the
configuration), shown (names of cells), study (see isr.reporting.study)}.
"""

from collections.abc import Sequence

from isr.cli import display_parser, run
from isr.inventory import write_inventory
from isr.models import parse
from isr.reporting.figures import Figure
from isr.reporting.study import read_study


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, draw the figure."""
    parser = display_parser(__doc__, "PNG or GIF file")
    options = parser.parse_args(arguments)
    told = options.settings
    kind = parse(Figure, told["entry"], f"figures.{told['name']}")
    kind.draw(read_study(told["study"]), told["shown"], options.output)
    write_inventory(*options.inventory)


if __name__ == "__main__":
    run(main)
