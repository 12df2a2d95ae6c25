"""Make the semantic features of a data set.

    python scripts/features.py --settings JSON --inputs JSON --downloads DIR --output DIR

Makes ITEM.npy and source.json from the items, the inputs {items: [DIR, ...]}: from the published
features, or from EfficientNet-Lite0 where they cannot be had. The settings are {source, file,
sha256, bytes, raw_components, corruption, seeds}: where the published features come from, whether
components are left as they are, and what corrupts the pictures first, for which seeds.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isr.cli import run, settings_parser
from isr.data.corruptions import CLEAN
from isr.data.download import record_path, verify
from isr.data.features.semantic import write_semantic
from isr.data.items import find_items


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and make the features."""
    parser = settings_parser(__doc__, inputs=True)
    parser.add_argument("--downloads", type=Path, default=Path(), help="where archives lie")
    parser.add_argument("--output", type=Path, required=True, help="folder to make")
    options = parser.parse_args(arguments)
    corruption, seeds = options.settings.get("corruption", CLEAN), options.settings.get("seeds")
    items = [
        item.corrupted(corruption, seed)
        for seed in seeds or [0]
        for item in find_items(options.inputs.items).values()
    ]
    write_semantic(
        list(dict.fromkeys(items)),
        options.output,
        source=options.settings.get("source") or "auto",
        published=_published(options.settings, options.downloads),
        normalise=not options.settings.get("raw_components", False),
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
