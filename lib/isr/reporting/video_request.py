"""What a figure of a video is about: its settings, and the files that they name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from isr.data.videos import Video, read_video
from isr.errors import UserError
from isr.reporting import settings
from isr.reporting.video_views import CellFiles, about

_REQUIRED = ("kind", "video", "videos", "cells")
_OPTIONAL = (
    *("title", "dataset", "labels", "predictions"),
    *("frame", "frames", "rank", "between"),
)
_BETWEEN = 6


@dataclass(frozen=True)
class Request:
    """What a figure is about.

    Attributes:
        kind: of the figure.
        title: its first words, None for the usual ones.
        dataset: name of the data set.
        video_folder: of the video.
        labels_folder: of its weak labels, or None.
        cells: by the name of the fit.
        frame: the frame to show, None to choose one.
        frames: the first and the last to show, None to choose.
        rank: which of the frames on which the representation loses.
        between: steps from a frame to the next.
    """

    kind: str
    title: str | None
    dataset: str
    video_folder: Path
    labels_folder: Path | None
    cells: dict[str, CellFiles]
    frame: int | None
    frames: list[int] | None
    rank: int
    between: int

    @cached_property
    def video(self) -> Video:
        """The video, with the ground truth of the object that its cells are scored by."""
        video = read_video(self.video_folder)
        chosen = next(iter(self.cells.values())).object(video.name)
        return video if chosen is None else video.of_object(chosen)

    @property
    def cell(self) -> CellFiles:
        """The only cell.

        Raises:
            UserError: there are several.
        """
        if len(self.cells) != 1:
            raise UserError(f"cells of the settings: {self.kind} shows one fit: name one cell.")
        return next(iter(self.cells.values()))

    def chosen(self, default: Callable[[], int]) -> int:
        """The frame that the settings name, else the one that `default` chooses.

        Raises:
            UserError: the video has no such frame.
        """
        if self.frame is None:
            return default()
        if not 0 <= self.frame < len(self.video):
            raise UserError(
                f"frame {self.frame} of the settings: {self.video.name} has {len(self.video)} "
                "frames, from 0: name one of them."
            )
        return self.frame

    def headline(self, default: str, detail: str = "") -> str:
        """The title: what is shown, of which video, and from which weak labels."""
        where = f" of {self.dataset}" if self.dataset else ""
        place = ", ".join(filter(None, (f"{self.video.name}{where}", detail)))
        return (
            f"{self.title or default}: {place}; {about(list(self.cells.values()), self.video.name)}"
        )


def parse(content: dict[str, Any]) -> Request:
    """Read the settings of a figure; a key that is null stands for its default.

    Raises:
        UserError: a key is missing, unknown or not of its kind.
    """
    settings.check_keys(content, "the top", required=_REQUIRED, optional=_OPTIONAL)
    given = {key: value for key, value in content.items() if value is not None}
    for key in ("frame", "rank", "between"):
        if not isinstance(given.get(key, 1), int):
            raise UserError(f"{key} of the settings is {given[key]!r}: give a whole number.")
    if int(given.get("between", _BETWEEN)) < 1:
        raise UserError(f"between of the settings is {given['between']}: give 1 or more.")
    cells = given.get("cells")
    if not isinstance(cells, dict) or not cells:
        raise UserError("cells of the settings: give the folder of each fit by its name.")
    labels = given.get("labels")
    video = str(given["video"])
    return Request(
        str(given["kind"]),
        given.get("title"),
        str(given.get("dataset", "")),
        Path(given["videos"]) / video,
        None if labels is None else Path(labels) / video,
        {str(fit): CellFiles(Path(folder)) for fit, folder in cells.items()},
        given.get("frame"),
        given.get("frames"),
        int(given.get("rank", 1)),
        int(given.get("between", _BETWEEN)),
    )
