"""Download one file, or verify the one that is there.

    python scripts/download.py --settings JSON --output FILE [--expect zip|tar|json]
        [--optional STATUS.json]

Makes FILE from what the address gives; a broken download is taken up again from FILE.part. The
settings are {url, sha256, bytes}; a hash or a size that is null is not known. The hash of the first
download is recorded in FILE.sha256.json, and later files must agree with it. With --optional a file
that cannot be had is no failure: STATUS.json then says why.
"""

from collections.abc import Sequence
from pathlib import Path

from isr.cli import run, settings_parser
from isr.data.download import EXPECTED, UnreachableError, expected, fetch, record_path
from isr.io import write_json


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and download."""
    parser = settings_parser(__doc__)
    parser.add_argument("--expect", choices=EXPECTED, help="kind that the file must have")
    parser.add_argument("--attempts", type=int, default=5, help="how often to try")
    parser.add_argument("--output", type=Path, required=True, help="file to make")
    parser.add_argument("--optional", type=Path, help="JSON file to make: present, reason")
    options = parser.parse_args(arguments)
    told, reason = options.settings, None
    try:
        fetch(
            told["url"],
            options.output,
            sha256=told.get("sha256"),
            size=told.get("bytes"),
            expect=options.expect or expected(options.output),
            record=record_path(options.output),
            attempts=options.attempts,
        )
    except UnreachableError as error:
        if options.optional is None:
            raise
        reason = str(error)
    if options.optional is not None:
        write_json(options.optional, {"present": reason is None, "reason": reason})


if __name__ == "__main__":
    run(main)
