"""The command `isr`: fit shapes to one's own pictures, check stored ones again, draw them larger.

isr example coffee                              # a photograph and strokes to try it on
isr fit photo.jpg --scribbles strokes.png --constraint convex
isr fit my_photos --scribbles my_strokes        # a folder: progress, and a table
isr certify photo-convex
isr draw photo-convex --size 4000x3000
isr serve photo.jpg                             # paint strokes in the browser
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from isr import __version__, constraints
from isr.cli import numbers_argument, run, setting_argument, size_argument
from isr.errors import UserError

_PLAIN = argparse.RawDescriptionHelpFormatter


def parser() -> argparse.ArgumentParser:
    """The command line, with a command for each thing that can be done."""
    top = argparse.ArgumentParser("isr", description=__doc__, formatter_class=_PLAIN)
    top.add_argument("--version", action="version", version=f"isr {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_fit(commands.add_parser("fit", help="fit a shape to pictures, volumes or clips"))
    example = commands.add_parser("example", help="write a picture to try it on, with its strokes")
    example.add_argument("name", nargs="?", help="of the picture; without, they are listed")
    example.add_argument("--out", type=Path, default=Path(), help="folder")
    certify = commands.add_parser("certify", help="check stored results again")
    certify.add_argument("results", type=Path, nargs="+", help="folders that `isr fit` made")
    draw = commands.add_parser("draw", help="draw a stored result at another size")
    draw.add_argument("result", type=Path, help="folder that `isr fit` made")
    draw.add_argument(
        "--size", type=size_argument, metavar="WIDTHxHEIGHT", help="such as 4000x3000"
    )
    draw.add_argument("--output", type=Path, help="PNG file, of stacks TIFF; by default beside it")
    serve = commands.add_parser("serve", help="paint strokes in the browser and see the shape grow")
    serve.add_argument("picture", type=Path, nargs="?", help="to begin with")
    serve.add_argument("--port", type=int, default=8765, help="0 for any that is free")
    serve.add_argument("--out", type=Path, default=Path(), help="folder that results are saved in")
    serve.add_argument("--steps", type=int, help="of each fit; fewer are faster")
    serve.add_argument("--no-browser", action="store_true", help="open none")
    return top


def _add_fit(fit: argparse.ArgumentParser) -> None:
    fit.add_argument("picture", type=Path, help="a picture, stack or clip, or a folder of pictures")
    given = fit.add_argument_group("what says where the object is")
    given.add_argument(
        "--scribbles",
        type=Path,
        metavar="FILE",
        help="strokes: green on the object and red on the background, or grey values; for a folder "
        "of pictures, a folder with files of the same names",
    )
    given.add_argument(
        "--scribble-values",
        type=setting_argument,
        nargs="+",
        metavar="NAME=VALUE",
        help="what grey values mean: none=0 object=1 background=2; by default background is 255, "
        "and objects are 1, 2, ...",
    )
    given.add_argument("--unaries", type=Path, help="foreground probabilities of another program")
    given.add_argument(
        "--mask", type=Path, help="its mask: labels, GeoJSON, napari's shapes (CSV), or COCO (JSON)"
    )
    given.add_argument("--label", type=int, help="which label of the mask; by default all but 0")
    given.add_argument("--box", type=numbers_argument(4), metavar="LEFT,TOP,RIGHT,BOTTOM")
    given.add_argument(
        "--point", type=numbers_argument(2), action="append", default=[], metavar="X,Y"
    )
    given.add_argument(
        "--background-point", type=numbers_argument(2), action="append", default=[], metavar="X,Y"
    )
    given.add_argument("--frames", action="store_true", help="the folder holds one clip's frames")
    given.add_argument("--spacing", type=float, default=1.0, help="of slices, in pixels")
    how = fit.add_argument_group("how")
    how.add_argument("--constraint", default="convex", help=", ".join(constraints.NAMES))
    how.add_argument(
        "--option",
        type=setting_argument,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of the constraint, such as order=5",
    )
    how.add_argument("--predictor", help="grabcut (default), graph_cut, ..., or none")
    how.add_argument("--weights", type=Path, help="file of weights that the predictor needs")
    how.add_argument("--steps", type=int, help="of the fit")
    how.add_argument("--object-weight", type=float, help="above 0.5 where the object is hidden")
    how.add_argument("--seed", type=int, default=0)
    how.add_argument("--device", default="cpu", help="cpu, cuda or auto")
    out = fit.add_argument_group("what is written")
    out.add_argument("--out", type=Path, help="folder; by default PICTURE-CONSTRAINT here")
    out.add_argument(
        "--formats",
        nargs="+",
        default=[],
        metavar="FORMAT",
        help="further ones: labels, qgis, napari, coco, coco-rle",
    )
    out.add_argument(
        "--watch", type=Path, metavar="FILE.svg", help="write the outline there every second"
    )


def _fit(options: argparse.Namespace) -> None:
    from isr.app.batch import fit_folder, fit_one

    if options.picture.is_dir() and not options.frames:
        fit_folder(options)
    else:
        fit_one(options)


def _example(options: argparse.Namespace) -> None:
    from isr.app.examples import describe, write_example

    if options.name is None:
        print(describe())
        return
    for path in write_example(options.name, options.out):
        print(path)


def _certify(options: argparse.Namespace) -> None:
    from isr.app.results import certify_again
    from isr.evaluation.certificates import in_words

    refused = []
    for folder in options.results:
        try:
            result, certificates = certify_again(folder)
        except UserError as error:
            refused.append(str(error))
            continue
        words = constraints.words(result.about["constraint"])
        print(f"{folder}: {words}; {in_words(certificates)}, its files are unchanged")
        for each in certificates:
            print(f"  {each.method}: {each.verdict}. {each.sentence}")
    if refused:
        raise UserError("\n       ".join(refused))


def _draw(options: argparse.Namespace) -> None:
    from isr.app.results import draw

    print(draw(options.result, options.size, options.output))


def _serve(options: argparse.Namespace) -> None:
    from isr.app.serve import serve

    browser = not options.no_browser
    serve(options.picture, options.port, options.out, steps=options.steps, browser=browser)


_COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "example": _example,
    "fit": _fit,
    "certify": _certify,
    "draw": _draw,
    "serve": _serve,
}


def command(arguments: Sequence[str] | None = None) -> None:
    """Parse a command line and do what it says.

    Raises:
        UserError: something that was given is wrong.
    """
    options = parser().parse_args(arguments)
    _COMMANDS[options.command](options)


def main() -> Any:
    """The entry point of the command."""
    if sys.stdout is not None:
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    run(command)
