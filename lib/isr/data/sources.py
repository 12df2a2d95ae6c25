"""From an entry of the configuration to its pictures, whatever their kind."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isr.errors import UserError

# Names are listed whenever the workflow is read: what is heavy is imported where it is used.
if TYPE_CHECKING:
    from isr.data.dataset import Picture

KINDS = ("embedded", "convexitydb", "scribbles")
CONVEXITYDB_FILE = "ConvexityDB.zip"


def picture_names(entry: Mapping[str, Any], root: Path) -> list[str]:
    """Name the pictures of a data set without reading any.

    Args:
        entry: {kind, path?, pictures?, ...}.
        root: the folder that a relative `path` is seen from.

    Returns:
        The names in the order of `pictures`, or all in their natural order.

    Raises:
        UserError: the kind is unknown, a folder is missing, or `pictures` names one that is not
            there.
    """
    return _choose(_all_names(entry, Path(root)), entry)


def _all_names(entry: Mapping[str, Any], root: Path) -> list[str]:
    match entry.get("kind"):
        case "embedded":
            from isr.data import embedded

            return embedded.names()
        case "convexitydb":
            from isr.data import convexitydb

            return (
                convexitydb.names(_folder(entry, root)) if entry.get("path") else convexitydb.NAMES
            )
        case "scribbles":
            from isr.data import files

            found = list(files.list_pictures(_folder(entry, root) / "images"))
            if not found:
                raise UserError(f"{_folder(entry, root) / 'images'} holds no pictures: add some.")
            return found
    raise UserError(f"kind: {entry.get('kind')!r} is unknown: use one of {', '.join(KINDS)}.")


def _choose(names: list[str], entry: Mapping[str, Any]) -> list[str]:
    pictures = entry.get("pictures")
    if pictures is None:
        return names
    # ConvexityDB's pictures may be called by their numbers alone.
    chosen = [
        f"img_{name}" if entry["kind"] == "convexitydb" and str(name).isdigit() else str(name)
        for name in pictures
    ]
    if not chosen:
        raise UserError("pictures: the list is empty: name some, or leave it out for all.")
    if unknown := [name for name in chosen if name not in names]:
        some = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        raise UserError(f"pictures: there is no picture {unknown[0]!r} among {some}.")
    if repeated := [name for name in chosen if chosen.count(name) > 1]:
        raise UserError(f"pictures: {repeated[0]!r} is named twice.")
    return chosen


def _folder(entry: Mapping[str, Any], root: Path) -> Path:
    if not entry.get("path"):
        raise UserError(f"path is missing: name the folder of the {entry['kind']} data set.")
    return root / Path(entry["path"]).expanduser()


def load_pictures(entry: Mapping[str, Any], root: Path, downloads: Path) -> "Iterator[Picture]":
    """Read the pictures of a data set one after the other, shrunk to its `long_side`.

    Args:
        entry: {kind, path?, file?, sha256?, bytes?, scribble_values?, long_side?, pictures?}.
        root: the folder that a relative `path` is seen from.
        downloads: where downloaded archives lie; they are verified again.

    Raises:
        UserError: an archive or a picture is missing or not valid; the message names it.
    """
    root, names = Path(root), picture_names(entry, Path(root))
    long_side = entry.get("long_side")
    match entry["kind"]:
        case "embedded":
            yield from _load_embedded(names, long_side)
        case "convexitydb":
            yield from _shrink(_load_convexitydb(entry, root, Path(downloads), names), long_side)
        case "scribbles":
            from isr.data import scribbles

            folder = _folder(entry, root)
            yield from _shrink(scribbles.read_folder(folder, entry, names), long_side)


def _load_embedded(names: Sequence[str], long_side: int | None) -> "Iterator[Picture]":
    from isr.data import embedded

    for name in names:
        yield embedded.load(name, long_side)


def _load_convexitydb(
    entry: Mapping[str, Any], root: Path, downloads: Path, names: Sequence[str]
) -> "Iterator[Picture]":
    from isr.data import archives, convexitydb, download

    if entry.get("path"):
        yield from convexitydb.read_folder(_folder(entry, root), names)
        return
    archive = downloads / (entry.get("file") or CONVEXITYDB_FILE)
    download.verify(
        archive,
        sha256=entry.get("sha256"),
        size=entry.get("bytes"),
        expect="zip",
        record=download.record_path(archive),
    )
    with tempfile.TemporaryDirectory(dir=downloads, prefix=f".{archive.stem}.") as temporary:
        folder = Path(temporary) / "unpacked"
        archives.safe_unzip(archive, folder)
        yield from convexitydb.read_folder(folder, names)


def _shrink(pictures: "Iterator[Picture]", long_side: int | None) -> "Iterator[Picture]":
    from isr.data.dataset import check_picture, resize_picture

    for picture in pictures:
        if long_side is None:
            yield picture
            continue
        small = resize_picture(picture, long_side)
        check_picture(small, path=f"{picture.name} at {long_side} pixels")
        yield small


def describe(
    entry: Mapping[str, Any], names: Sequence[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Tell where pictures come from: their sources and their licences, by name."""
    match entry["kind"]:
        case "embedded":
            from isr.data import embedded

            texts = {name: embedded.description(name) for name in names}
            sources = {name: f"{text['source']}, {text['author']}" for name, text in texts.items()}
            return sources, {name: text["licence"] for name, text in texts.items()}
        case "convexitydb":
            from isr.data import convexitydb

            return dict.fromkeys(names, convexitydb.SOURCE), dict.fromkeys(
                names, convexitydb.LICENCE
            )
    own = Path(entry["path"]).name
    return dict.fromkeys(names, f"folder {own}"), dict.fromkeys(names, "not stated")
