"""From settings and the files of a study's cells to figures of videos and animations."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from isr.data.videos import Video, read_video
from isr.data.weak_labels.store import read_labels
from isr.errors import UserError
from isr.fitting.video_folder import frame_name
from isr.reporting import (
    animated_video,
    animation,
    annotated_frames,
    deformation,
    fits_compared,
    frame_choices,
    noisy_frames,
    overlays,
    settings,
    super_resolution,
    thin_connection,
    time_slices,
    where_it_loses,
    words,
)
from isr.reporting.diffeomorphisms import find_connection, find_deformation
from isr.reporting.video_views import CellFiles, about
from isr.representations.path_connected import PathConnected

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
        """The video."""
        return read_video(self.video_folder)

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
        return f"{self.title or default}: {place}; {about(list(self.cells.values()))}"


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


def make(content: dict[str, Any]) -> Figure:
    """Make the figure that the settings ask for.

    Raises:
        UserError: a setting is wrong, a file is missing, or a cell cannot be shown so.
    """
    request = parse(content)
    if request.kind not in MAKERS:
        kinds = ", ".join(MAKERS)
        raise UserError(f"kind {request.kind!r} of the figure is unknown: use one of {kinds}.")
    return MAKERS[request.kind](request)


def animate(content: dict[str, Any], path: Path) -> None:
    """Write the animation that the settings ask for as a GIF.

    Raises:
        UserError: a setting is wrong, or a file is missing.
    """
    request = parse(content)
    cell = request.cell
    entries = (
        (overlays.PREDICTOR, cell.predictor),
        (overlays.REPRESENTATION, cell.constraint),
    )
    between = int(content.get("between") or 1)
    animation.save(animated_video.stills(cell, request.video, between), path, entries=entries)


def figure_6(request: Request) -> Figure:
    """A frame on which the representation loses, and why."""
    cell, video = request.cell, request.video
    choice = where_it_loses.choose(frame_choices.of_video(cell.scores(), video), request.rank)
    number = request.chosen(lambda: choice.frame)
    shot = cell.shot(video, number)
    if shot.ground_truth is None:
        raise UserError(f"frame {number} of the settings has no ground truth: name another.")
    title = f"Where the constraint {'costs' if shot.gain < 0 else 'does not cost'}"
    return where_it_loses.draw(
        shot,
        request.headline(title, f"frame {number}"),
        why=where_it_loses.contradiction(cell.row(video.name, number)),
        remark=choice.words(),
    )


def figure_14(request: Request) -> Figure:
    """A connection thinner than a pixel."""
    cell, video = request.cell, request.video
    number = request.chosen(lambda: frame_choices.thinnest(cell, video))
    representation, name = _path_connected(cell, video, number)
    found = find_connection(representation, cell.scene(video, name), video.frame(number) / 255.0)
    lost = "A connection that a raster loses"
    title = request.headline(lost if found.path is not None else "No raster loses a connection")
    return thin_connection.draw(found, title, name=f"frame {number}")


def figure_15(request: Request) -> Figure:
    """A sequential and a joint fit of one frame."""
    if set(request.cells) != {"sequential", "joint"}:
        raise UserError("cells of the settings: figure_15 needs the keys sequential and joint.")
    video = request.video
    both = request.cells["sequential"], request.cells["joint"]
    number = request.chosen(lambda: frame_choices.gains_most(*both, video))
    labels = None
    if request.labels_folder is not None:
        labels = read_labels(request.labels_folder, number).labels
    shots = {fit: request.cells[fit].shot(video, number) for fit in ("sequential", "joint")}
    title = request.headline("Sequential and joint fit", f"frame {number}")
    return fits_compared.draw(shots, labels, title)


def figure_16(request: Request) -> Figure:
    """The diffeomorphism of a path-connected region."""
    cell, video = request.cell, request.video
    number = request.chosen(lambda: frame_choices.best_fitted(cell, video))
    representation, name = _path_connected(cell, video, number)
    shot = cell.shot(video, number)
    found = find_deformation(representation, cell.scene(video, name), shot.image, shot.mask)
    options = cell.fits_of(name).metadata["representation"]["options"]
    base = str(options.get("base", "convex")).replace("_", "-")
    title = request.headline("The diffeomorphism of a path-connected region")
    return deformation.draw(found, title, name=f"frame {number}", base=base)


def _path_connected(cell: CellFiles, video: Video, number: int) -> tuple[PathConnected, str]:
    name = frame_name(video.name, number)
    representation = cell.representation(name)
    if not isinstance(representation, PathConnected):
        raise UserError(
            f"{cell.folder} is {cell.constraint}, not path-connected: name another cell."
        )
    return representation, name


def figure_17(request: Request) -> Figure:
    """A fit in (x, y, t) between the frames."""
    cell, video = request.cell, request.video
    slices = time_slices.slices(cell, video, request.between)
    return super_resolution.draw(
        slices,
        request.headline("Super-resolved in time"),
        name=video.name,
        constraint=cell.constraint,
    )


def figure_18(request: Request) -> Figure:
    """A fit in (x, y, t) to some frames of noise."""
    cell, video = request.cell, request.video
    noisy = cell.noisy(video.name)
    frames = noisy_frames.choose(noisy, len(video), request.frames)
    rows = time_slices.moments(cell, video, frames, request.between)
    share = float(cell.metrics["noise"].iloc[0])
    where = f" (frames {words.listing(noisy)})" if noisy else ""
    return noisy_frames.draw(
        rows,
        request.headline("Some frames fitted to noise", f"{share:.0%} noise{where}"),
        constraint=cell.constraint,
    )


def figure_19(request: Request) -> Figure:
    """All annotated frames."""
    video = request.video
    if not video.annotated:
        raise UserError(f"{video.name} has no annotated frame: name another video.")
    shots = [
        {fit: cell.shot(video, number) for fit, cell in request.cells.items()}
        for number in video.annotated
    ]
    return annotated_frames.draw(shots, request.headline("All annotated frames"))


MAKERS: dict[str, Callable[[Request], Figure]] = {
    "figure_6": figure_6,
    "figure_14": figure_14,
    "figure_15": figure_15,
    "figure_16": figure_16,
    "figure_17": figure_17,
    "figure_18": figure_18,
    "figure_19": figure_19,
}
"""Kinds of figures; `figure_6` with `rank: 2` is the paper's figure 13."""
