"""What every command line shares: a user's mistake is one sentence, not a traceback."""

import argparse
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from isr import job_costs
from isr.errors import UserError
from isr.io import read_json

INTERRUPTED = 130


def size_argument(text: str) -> tuple[int, int]:
    """Height and width of a size given as WIDTHxHEIGHT.

    >>> size_argument("4000x3000")
    (3000, 4000)
    """
    width, _, height = text.lower().partition("x")
    try:
        size = int(height), int(width)
    except ValueError:
        size = 0, 0
    if min(size) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write one such as 4000x3000.")
    return size


def numbers_argument(count: int) -> Callable[[str], tuple[float, ...]]:
    """A reader of so many numbers with commas between them."""

    def read(text: str) -> tuple[float, ...]:
        try:
            found = tuple(float(part) for part in text.split(","))
        except ValueError:
            found = ()
        if len(found) != count:
            raise argparse.ArgumentTypeError(f"{text!r}: write {count} numbers with commas.")
        return found

    return read


def setting_argument(text: str) -> tuple[str, Any]:
    """A key and its value, given as KEY=VALUE; values are JSON, or words.

    >>> setting_argument("order=5"), setting_argument("base=convex")
    (('order', 5), ('base', 'convex'))
    """
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r}: write KEY=VALUE.")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def settings_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the settings that every job is told."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--settings",
        type=_read_settings,
        required=True,
        help="JSON file, or a JSON object",
        metavar="JSON",
    )
    return parser


def _read_settings(argument: str) -> dict[str, Any]:
    """Read settings given as the path of a JSON file or as a JSON object."""
    try:
        if argument.lstrip().startswith("{"):
            content = json.loads(argument)
        else:
            content = read_json(Path(argument))
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"it is not valid JSON ({error}): correct it.") from None
    if not isinstance(content, dict):
        raise argparse.ArgumentTypeError(f"{argument} holds no JSON object: give one.")
    return content


def display_parser(description: str | None, output: str) -> argparse.ArgumentParser:
    """A parser with what every table, figure and page is told.

    Args:
        description: of the command line.
        output: what kind of file it makes, such as "PNG file".
    """
    parser = settings_parser(description)
    parser.add_argument("--output", type=Path, required=True, help=f"path of the {output}")
    return parser


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add what long jobs are told about where they run and how they are resumed."""
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--checkpoint", type=Path, help="where an interrupted run goes on from")
    parser.add_argument("--checkpoint-every", type=float, default=60.0, help="seconds")
    parser.add_argument("--stack-sizes", type=Path, help="folder of measured stack sizes")
    parser.add_argument("--code", default="", help="digest of the code, where edits redo fits")


def run(main: Callable[[], None]) -> NoReturn:
    """Run a command line's `main` and exit: 0 when it returns, 1 after a UserError.

    When it returns, what it has cost is written where the environment says, see `job_costs`.
    What the library logs of its progress goes to standard error, a line at a time.
    """
    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("isr").setLevel(logging.INFO)
    try:
        main()
        job_costs.write()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(0)
