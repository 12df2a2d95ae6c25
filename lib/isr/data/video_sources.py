"""From an entry of the configuration to its videos, whatever their kind."""

import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from isr.errors import UserError

# Names are listed whenever the workflow is read: what is heavy is imported where it is used.
if TYPE_CHECKING:
    from isr.data.videos import Video

KINDS = ("fbms", "drawn")
FBMS_FILE = "FBMS_Trainingset.zip"
MAPPING_FILE = "fbms_segmentation_object_mapping.json"
DRAWN = ("drive", "cut")
"""The videos that are drawn: what the constraint is true of, and what it is not."""
FBMS_SEQUENCES = (
    *("bear01", "bear02", "cars2", "cars3", "cars6", "cars7", "cars8", "cats04", "cats05"),
    *("horses01", "horses03", "marple1", "marple5", "marple10", "marple11", "meerkats01"),
    *("people04", "rabbits01"),
)
"""The sequences of the paper's Table 4, all of FBMS-59's training set."""

_GROUND_TRUTH = "GroundTruth"
# Names stand unquoted in commands and in the names of files.
_NAME = re.compile(r"\w[\w.-]*")


def video_names(entry: Mapping[str, Any], root: Path) -> list[str]:
    """Name the videos of a data set without reading any.

    Args:
        entry: {kind, path?, videos?, ...}.
        root: the folder that a relative `path` is seen from.

    Returns:
        The names in the order of `videos`, or all: those of the folder in alphabetical order, or
        those of the paper's Table 4.

    Raises:
        UserError: the kind is unknown, a folder is missing or holds no video, or `videos` names
            one that is not there.
    """
    names, closed = _all_names(entry, Path(root))
    chosen = names if entry.get("videos") is None else [str(name) for name in entry["videos"]]
    if not chosen:
        raise UserError("videos: the list is empty: name some, or leave it out for all.")
    if closed and (unknown := [name for name in chosen if name not in names]):
        raise UserError(f"videos: there is no video {unknown[0]!r} among {', '.join(names)}.")
    if odd := [name for name in chosen if not _NAME.fullmatch(name)]:
        raise UserError(
            f"videos: {odd[0]!r} cannot name a video: use letters, digits, hyphens and "
            "underscores alone."
        )
    if repeated := [name for name in chosen if chosen.count(name) > 1]:
        raise UserError(f"videos: {repeated[0]!r} is named twice.")
    return chosen


def are_published(names: Iterable[str]) -> bool:
    """Whether the paper has scores of some of the videos.

    >>> are_published(["clip"]), are_published(["clip", "cars3"])
    (False, True)
    """
    return not set(FBMS_SEQUENCES).isdisjoint(names)


def _all_names(entry: Mapping[str, Any], root: Path) -> tuple[list[str], bool]:
    """All names, and whether there can be no others."""
    match entry.get("kind"):
        case "drawn":
            return list(DRAWN), True
        case "fbms" if entry.get("path"):
            return _folder_names(_folder(entry, root)), True
        case "fbms":
            # The archive holds more sequences than the paper's table; it need not be there yet.
            return list(FBMS_SEQUENCES), False
    raise UserError(f"kind: {entry.get('kind')!r} is unknown: use one of {', '.join(KINDS)}.")


def _folder(entry: Mapping[str, Any], root: Path) -> Path:
    return Path(root) / Path(entry["path"]).expanduser()


def _folder_names(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise UserError(f"{folder} does not exist or is no folder: check the path of the data set.")
    names = sorted(path.name for path in folder.iterdir() if _is_sequence(path))
    if not names:
        from isr.data.frame_files import SUFFIXES, list_frames

        if frames := list_frames(folder):
            raise UserError(
                f"{folder} holds the frame {frames[0].name} itself, but is to hold a folder for "
                "each video: move the frames to one, or give the folder above as path."
            )
        raise UserError(
            f"{folder} holds no sequences: expected a folder for each video, with its frames "
            f"({', '.join(SUFFIXES)}) and, where there is ground truth, {_GROUND_TRUTH}/."
        )
    return names


def _is_sequence(folder: Path) -> bool:
    """Whether a folder holds frames or their ground truth."""
    from isr.data.frame_files import is_frame

    if not folder.is_dir() or folder.name.startswith(".") or folder.name == _GROUND_TRUTH:
        return False
    if (folder / _GROUND_TRUTH).is_dir():
        return True
    return any(map(is_frame, folder.iterdir()))


def unpack(
    entry: Mapping[str, Any], name: str, root: Path, downloads: Path, output: Path
) -> "Video":
    """Bring one video of a data set into the one layout.

    Args:
        entry: {kind, path?, file?, sha256?, bytes?, mapping?, frames?, long_side?}.
        name: of the video.
        root: the folder that a relative `path` is seen from.
        downloads: where downloaded files lie; they are verified again.
        output: folder to write.

    Raises:
        UserError: the video is not of this data set, or a file is missing or not valid.
    """
    if name not in video_names(entry, root):
        raise UserError(f"videos: {name!r} is not a video of this data set: correct its name.")
    if entry["kind"] == "drawn":
        from isr.data import drawn_video

        return drawn_video.unpack(
            output,
            name,
            frames=int(entry.get("frames", drawn_video.FRAMES)),
            long_side=int(entry.get("long_side", drawn_video.LONG_SIDE)),
        )
    mapping = mapping_path(entry, downloads)
    if entry.get("path"):
        return _unpack_folder(_folder(entry, root) / name, output, mapping)
    return _unpack_archive(entry, name, Path(downloads), output, mapping)


def _unpack_folder(folder: Path, output: Path, mapping: Path | None) -> "Video":
    """A sequence of the user's own, with ground truth or without."""
    from isr.data import fbms, own_video

    if (folder / _GROUND_TRUTH).is_dir():
        return fbms.unpack(folder, folder.name, output, mapping)
    return own_video.unpack(folder, folder.name, output)


def mapping_path(entry: Mapping[str, Any], downloads: Path) -> Path | None:
    """The file that names the foreground objects; None where the entry names none.

    It may be missing, as it cannot always be had; one that is there was verified.

    Raises:
        UserError: the file is not what it was.
    """
    mapping = entry.get("mapping")
    if not mapping:
        return None
    path = Path(downloads) / (mapping.get("file") or MAPPING_FILE)
    return verified(mapping, Path(downloads), MAPPING_FILE) if path.exists() else path


def verified(entry: Mapping[str, Any], downloads: Path, default: str) -> Path:
    """The path of a downloaded file, after it was verified.

    Args:
        entry: {file?, sha256?, bytes?}.
        downloads: where it lies.
        default: its name if the entry gives none.

    Raises:
        UserError: the file is not there, or is not what it was.
    """
    from isr.data import download

    path = Path(downloads) / (entry.get("file") or default)
    download.verify(
        path,
        sha256=entry.get("sha256"),
        size=entry.get("bytes"),
        expect=download.expected(path),
        record=download.record_path(path),
    )
    return path


def _unpack_archive(
    entry: Mapping[str, Any], name: str, downloads: Path, output: Path, mapping: Path | None
) -> "Video":
    from isr.data import archives, fbms

    archive = verified(entry, downloads, FBMS_FILE)
    with tempfile.TemporaryDirectory(dir=downloads, prefix=f".{archive.stem}.") as temporary:
        folder = Path(temporary) / "unpacked"

        def is_wanted(member: PurePosixPath) -> bool:
            return name in member.parts[:-1]

        archives.safe_unzip(archive, folder, is_wanted)
        found = sorted(path.parent for path in folder.glob(f"**/{name}/{_GROUND_TRUTH}"))
        if len(found) != 1:
            raise UserError(
                f"videos: {archive.name} holds {len(found)} sequences named {name!r}: "
                "correct the name."
            )
        return fbms.unpack(found[0], name, output, mapping)
