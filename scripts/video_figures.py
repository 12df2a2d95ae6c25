"""Make one of the figures of videos, or an animation.

    python scripts/video_figures.py --settings JSON --output FIGURE.png
    python scripts/video_figures.py --settings JSON --output ANIMATION.gif

Writes FIGURE.png and FIGURE.svg, or ANIMATION.gif, from what was stored and drawn of a study's
cells. `--settings` is a JSON object or the path of a JSON file:

    kind      figure_3, figure_6 (also the paper's figure 13), figure_14, figure_15, figure_16,
              figure_17, figure_18, figure_19 or animation
    video     NAME of the video
    videos    FOLDER of the data set's videos
    cells     {FIT: FOLDER of the cell}: figure_15 shows sequential and joint, figure_19 as many as
              are named, the others one
    dataset   NAME of the data set, for the title; optional as all that follow
    labels    FOLDER of the data set's weak labels, shown in figure_15
    title     replaces the words about the content
    frame     number of the frame in figures 6, 14, 15 and 16; null chooses one
    rank      in figure_6, 1 for the frame with the largest loss, 2 for the next, -1 for the largest
              gain
    frames    [FIRST, LAST] in figure_18; null chooses six of which most are noisy
    between   steps from a frame to the next in figures 3, 17 and 18 (6) and in animations (1)
"""

from collections.abc import Sequence

from isr.cli import display_parser, run
from isr.reporting import settings, video_figures
from isr.reporting.figure_files import save


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, make the figure, write its files."""
    parser = display_parser(__doc__, "PNG or GIF file")
    options = parser.parse_args(arguments)
    content = settings.read_settings(options.settings)
    if content.get("kind") == "animation":
        video_figures.animate(content, options.output)
    else:
        save(video_figures.make(content), options.output)


if __name__ == "__main__":
    run(main)
