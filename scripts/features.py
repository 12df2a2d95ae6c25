"""Make the semantic features of a data set.

    python scripts/features.py --dataset DIR --output DIR [--source SOURCE] [--published PATH]
    python scripts/features.py --dataset DIR --output DIR --settings JSON --downloads DIR

Makes PICTURE.npy and source.json from the pictures: from the published features, or from
EfficientNet-Lite0 where they cannot be had. The second form takes source, file and hash from the
key `semantic` of the data set's entry of the configuration.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isr.cli import run
from isr.data.download import record_path, verify
from isr.data.feature_files import SOURCES, write_semantic


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and make the features."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", type=Path, required=True, help="unpacked data set")
    parser.add_argument("--source", choices=SOURCES, help="auto by default")
    parser.add_argument("--published", type=Path, help="folder or zip file of published features")
    parser.add_argument("--settings", type=json.loads, default={}, help="entry as JSON object")
    parser.add_argument("--downloads", type=Path, default=Path(), help="where archives lie")
    parser.add_argument(
        "--raw-components", action="store_true", help="leave the components at norm 1"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    options = parser.parse_args(arguments)
    semantic = options.settings.get("semantic") or {}
    published = options.published or _published(semantic, options.downloads)
    write_semantic(
        options.dataset,
        options.output,
        source=options.source or semantic.get("source") or "auto",
        published=published,
        normalise=not options.raw_components,
    )


def _published(semantic: Mapping[str, Any], downloads: Path) -> Path | None:
    """The verified archive of published features, if it is named and there."""
    if not semantic.get("file") or semantic.get("source") == "efficientnet-lite0":
        return None
    archive = downloads / semantic["file"]
    if archive.exists():
        verify(
            archive,
            sha256=semantic.get("sha256"),
            size=semantic.get("bytes"),
            expect="zip",
            record=record_path(archive),
        )
    return archive


if __name__ == "__main__":
    run(main)
