"""Videos of the user's own: a folder of frames for each, with ground truth or without."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from isr.data.files import in_colour, is_frame, list_frames, read_frame
from isr.data.items import Frame, Item, write_video
from isr.data.kinds.base import (
    DatasetKind,
    Known,
    count_words,
    files_below,
    own_folder,
    remote_file,
    verified,
)
from isr.data.names import is_clutter
from isr.data.pixels import FRAME_SUFFIXES
from isr.errors import UserError
from isr.models import Address, FileName, Model, PathText, RemoteFile, Sha256, Sources

SOURCE = "a folder of frames"
LICENCE = "not stated"
GROUND_TRUTH = "GroundTruth"

_FEWEST = 2
"""Motion is seen between two frames."""
# Names stand unquoted in the names of files.
_NAME = re.compile(r"\w[\w.-]*")

Share = Annotated[float, Field(ge=0, le=1)]


class Motion(Model):
    """Of labels `motion`."""

    others: Literal["background", "unlabelled"] = Field(
        "background",
        description="`background`: objects that move but are not the foreground are labelled so; "
        "`unlabelled`: they have no label, so that the UNet may find them too and the "
        "representation has something to leave out",
    )
    border: Annotated[float, Field(ge=0, le=0.1)] = Field(
        0.01,
        description="how far from the border of the object nothing is labelled, as a share of the "
        "long side, so that the UNet decides by what it sees",
    )


class DrawnMotion(Motion):
    """Of labels `motion` of drawn videos, whose borders are sharp."""

    border: Annotated[float, Field(ge=0, le=0.1)] = Field(
        0.0, description="how far from the border of the object nothing is labelled"
    )


class Simulated(Model):
    """Of labels `simulated`, which are made from the ground truth."""

    unlabelled: Share = Field(0.7, description="share of pixels without a label")
    wrong: Share = Field(0.02, description="share of the labels that are wrong, in blobs")
    seed: Annotated[int, Field(ge=0)] = Field(0, description="of the noise")


class PublishedLabels(Model):
    """The published weak labels: an archive, or a folder of its content."""

    url: Address | None = Field(None, description="address of the archive")
    file: FileName = Field(
        description="its name below `resources/downloads/`; a folder of its name can be put there "
        "instead"
    )
    path: PathText | None = Field(
        None, description="folder of unpacked labels, `SEQUENCE/*.h5`, taken instead"
    )
    sha256: Sha256 | None = Field(None, description="what the archive must be")
    bytes: int | None = Field(None, ge=1, description="its size")


class LabelledVideos(DatasetKind):
    """What all data sets of videos from files have: weak labels, networks, and what is meant."""

    mapping: RemoteFile | None = Field(
        None,
        description="the authors' choice of objects; without it, or where it cannot be had, the "
        "foreground of a video is the annotated object that most foreground labels lie on "
        "(`about.json` of the labels keeps the choice)",
    )
    labels: PublishedLabels | None = Field(
        None, description="the published weak labels, for `labels: published` and `auto`"
    )
    checkpoints: RemoteFile | None = Field(
        None,
        description="the published networks, for `weights: published` and `auto`; the archive, or "
        "a folder of its name, can be put by hand below `resources/downloads/`",
    )
    motion: Motion = Field(Motion(), description="how labels `motion` are made")
    simulated: Simulated = Field(Simulated(), description="how labels `simulated` are made")

    def names(self, root: Path) -> list[str]:
        """The videos to take, whose names have to be simple."""
        chosen = super().names(root)
        if odd := [name for name in chosen if not _NAME.fullmatch(name)]:
            raise UserError(
                f"items: {odd[0]!r} cannot name a video: use letters, digits, hyphens and "
                "underscores alone."
            )
        return chosen

    def known(self, name: str, root: Path) -> Known:
        """Videos."""
        return Known(third="t")

    def label_sources(self, name: str, kind: str, root: Path, downloads: Path) -> Sources:
        """What the published labels of a video are made from, or says whether they can be had."""
        labels = self.labels
        if kind not in ("published", "auto") or labels is None:
            return Sources()
        optional = (self.mapping,) if self.mapping is not None else ()
        unpacked = (Path(downloads) / labels.file).with_suffix("")
        if labels.path or unpacked.is_dir():
            own = files_below(Path(labels.path or unpacked), name)
            return Sources(optional=optional, files=own)
        if labels.url is not None:
            wanted = (remote_file(labels),)
            if kind == "auto":
                return Sources(optional=(*wanted, *optional))
            return Sources(downloads=wanted, optional=optional)
        # Without any, the job says what belongs where, or takes our own.
        archive = Path(downloads) / labels.file
        return Sources(optional=optional, files=(archive,) if archive.exists() else ())

    def network_sources(self) -> RemoteFile | None:
        """Published networks."""
        return self.checkpoints

    def unpack_folder(self, folder: Path, output: Path, downloads: Path) -> None:
        """Read the frames of a sequence, and its ground truth if there is any."""
        if (folder / GROUND_TRUTH).is_dir():
            from isr.data.kinds import fbms

            fbms.unpack(folder, folder.name, output, mapping_path(self.mapping, downloads))
        else:
            unpack(folder, folder.name, output)


class Videos(LabelledVideos):
    """A folder of videos of the user's own: in it a folder of frames for each.

    Frames are `.jpg`, `.jpeg`, `.png` or `.ppm`, two or more, all of one size, in the natural order
    of their names. A video with `GroundTruth/` has to be complete, as in FBMS-59. Of one without,
    nothing is scored: it is for `labels: motion` or `auto`, and for all figures but `figure_6`,
    `figure_19` and a `figure_15` without `frame`.
    """

    kind: Literal["videos"]
    path: PathText = Field(description="the folder, seen from the file that says so")

    def all_names(self, root: Path) -> list[str]:
        """Folders with frames, in alphabetical order."""
        return sequence_names(own_folder(self.path, root))

    def sources(self, name: str, root: Path) -> Sources:
        """The files of the video, and what says which object is meant."""
        own = files_below(own_folder(self.path, root) / name)
        return Sources(files=own, optional=tuple(filter(None, [self.mapping])))

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Read the frames, and the ground truth if there is any."""
        self.unpack_folder(own_folder(self.path, root) / name, output, downloads)

    def describe(self, name: str, items: Sequence[str]) -> str:
        """The user's own."""
        return self.text or f"{name} ({count_words(items, 'video')} of the user's own)"


def mapping_path(mapping: RemoteFile | None, downloads: Path) -> Path | None:
    """The file that names the foreground objects; None where the entry names none.

    It may be missing, as it cannot always be had; one that is there was verified.

    Raises:
        UserError: the file is not what it was.
    """
    if mapping is None:
        return None
    path = Path(downloads) / mapping.file
    return verified(mapping, Path(downloads)) if path.exists() else path


def sequence_names(folder: Path) -> list[str]:
    """Names of the videos in a folder.

    Raises:
        UserError: it holds none.
    """
    names = sorted(path.name for path in folder.iterdir() if _is_sequence(path))
    if names:
        return names
    if frames := list_frames(folder):
        raise UserError(
            f"{folder} holds the frame {frames[0].name} itself, but is to hold a folder for "
            "each video: move the frames to one, or give the folder above as path."
        )
    raise UserError(
        f"{folder} holds no sequences: expected a folder for each video, with its frames "
        f"({', '.join(FRAME_SUFFIXES)}) and, where there is ground truth, {GROUND_TRUTH}/."
    )


def _is_sequence(folder: Path) -> bool:
    """Whether a folder holds frames or their ground truth."""
    if not folder.is_dir() or is_clutter(Path(folder.name)) or folder.name == GROUND_TRUTH:
        return False
    if (folder / GROUND_TRUTH).is_dir():
        return True
    return any(map(is_frame, folder.iterdir()))


def unpack(folder: Path, name: str, output: Path) -> Item:
    """Bring a folder of frames into the one layout; no frame is annotated.

    Args:
        folder: of the frames, which stand in the natural order of their names.
        name: of the video.
        output: folder to write.

    Raises:
        UserError: the folder is missing, there are fewer than two frames, one cannot be read, or
            one has more than 8 bits or another size than the first; the message names it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder} does not exist or is no folder: put the frames there.")
    frames = list_frames(folder)
    if len(frames) < _FEWEST:
        found = f"only the frame {frames[0].name}" if frames else "no frames"
        raise UserError(
            f"{folder} holds {found}, but a video has {_FEWEST} or more "
            f"({', '.join(FRAME_SUFFIXES)}): add them."
        )
    # No frame has objects: any number serves as that of the foreground.
    return write_video(output, _read(frames), name=name, object=1, source=SOURCE, licence=LICENCE)


def _read(paths: Sequence[Path]) -> Iterator[Frame]:
    first: tuple[int, ...] | None = None
    for path in paths:
        image = in_colour(read_frame(path))
        first = first or image.shape
        if image.shape != first:
            raise UserError(
                f"{path} is {image.shape[1]} x {image.shape[0]} pixels, {paths[0].name} "
                f"{first[1]} x {first[0]} (width x height): make all frames the same size."
            )
        yield Frame(image, file=path.stem)
