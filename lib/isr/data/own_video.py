"""A video of the user's own: a folder of frames, without ground truth."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps

from isr.data.frame_files import SUFFIXES, list_frames, opened
from isr.data.videos import Video, VideoFrame, write_video
from isr.errors import UserError

SOURCE = "a folder of frames"
LICENCE = "not stated"

_FEWEST = 2
"""Motion is seen between two frames."""
_DEEP = ("I", "F")
"""How Pillow's names of modes with more than 8 bits begin."""


def unpack(folder: Path, name: str, output: Path) -> Video:
    """Bring a folder of frames into the one layout of videos; no frame is annotated.

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
            f"({', '.join(SUFFIXES)}): add them."
        )
    # No frame has objects: any number serves as that of the foreground.
    return write_video(output, _read(frames), name=name, object=1, source=SOURCE, licence=LICENCE)


def _read(paths: Sequence[Path]) -> Iterator[VideoFrame]:
    first: tuple[int, ...] | None = None
    for path in paths:
        image = _read_frame(path)
        first = first or image.shape
        if image.shape != first:
            raise UserError(
                f"{path} is {image.shape[1]} x {image.shape[0]} pixels, {paths[0].name} "
                f"{first[1]} x {first[0]} (width x height): make all frames the same size."
            )
        yield VideoFrame(image, file=path.stem)


def _read_frame(path: Path) -> NDArray[np.uint8]:
    """One frame, upright after its EXIF orientation: uint8 (h, w, 3), RGB."""
    with opened(path) as picture:
        if picture.mode.startswith(_DEEP):
            # Pillow would cut the values off at 255.
            raise UserError(f"{path} has more than 8 bits a channel: convert it to 8 bits.")
        return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"), dtype=np.uint8)
