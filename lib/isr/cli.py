"""What every command line shares: a user's mistake is one sentence, not a traceback."""

import argparse
import json
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from isr import job_costs
from isr.errors import UserError, of_system
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


@dataclass(frozen=True)
class Inputs:
    """Where that lies which a job is made from, as far as it has it.

    Any number of items and seeds may be among it, too many for a command line: a job reads it from
    a file.

    Attributes:
        items: folders of unpacked items.
        semantic: folder of the semantic features.
        predictions: folders of stored unaries.
        labels: folders of the weak labels of videos.
        fits: folders of fitted parts.
        networks: published networks or weights.
    """

    items: tuple[Path, ...]
    semantic: Path | None
    predictions: tuple[Path, ...]
    labels: tuple[Path, ...]
    fits: tuple[Path, ...]
    networks: Path | None

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> "Inputs":
        """The inputs of {items: [DIR, ...], semantic: [DIR], ..., networks: [PATH]}.

        Raises:
            UserError: there are no items, or what is named is unknown.
        """
        if unknown := content.keys() - cls.__dataclass_fields__.keys():
            raise UserError(f"inputs: {min(unknown)} is unknown: remove it.")
        if not content.get("items"):
            raise UserError("inputs: items is missing or empty: name the folders of some.")

        def paths(key: str) -> tuple[Path, ...]:
            return tuple(map(Path, content.get(key, [])))

        return cls(
            paths("items"),
            next(iter(paths("semantic")), None),
            paths("predictions"),
            paths("labels"),
            paths("fits"),
            next(iter(paths("networks")), None),
        )

    @property
    def label_folders(self) -> dict[str, Path]:
        """Folders of weak labels by the names of their videos."""
        return {path.name: path for path in self.labels}


def settings_parser(description: str | None, *, inputs: bool = False) -> argparse.ArgumentParser:
    """A parser with the settings that every job is told.

    Args:
        description: of the command line.
        inputs: whether the job is made from `Inputs`.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    readers: dict[str, Callable[[str], Any]] = {"--settings": _read_json}
    if inputs:
        readers["--inputs"] = _read_inputs
    for option, read in readers.items():
        words = "JSON file, or a JSON object"
        parser.add_argument(option, type=read, required=True, metavar="JSON", help=words)
    return parser


def _read_inputs(argument: str) -> Inputs:
    """Read inputs given as the path of a JSON file or as a JSON object."""
    try:
        return Inputs.read(_read_json(argument))
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _read_json(argument: str) -> dict[str, Any]:
    """Read what is given as the path of a JSON file or as a JSON object."""
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
    add_inventory_option(parser)
    return parser


def add_inventory_option(parser: argparse.ArgumentParser) -> None:
    """Add where a job lists what it has made; `write_inventory` does so at its end."""
    parser.add_argument(
        "--inventory",
        type=Path,
        nargs="+",
        default=[],
        metavar=("JSON", "PATH"),
        help="JSON file to write, and the files and folders that it lists (isr.inventory)",
    )


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
    except OSError as error:
        if (refused := of_system(error, "this job")) is None:
            raise
        print(f"error: {refused}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(0)
