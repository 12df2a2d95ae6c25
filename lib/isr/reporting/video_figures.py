"""From settings and the files of a study's cells to figures of videos and animations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from isr.data.videos import Video
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
    super_resolution,
    thin_connection,
    time_slices,
    video_centroids,
    video_words,
    where_it_loses,
    words,
)
from isr.reporting.diffeomorphisms import find_connection, find_deformation
from isr.reporting.video_request import Request, parse
from isr.reporting.video_views import CellFiles
from isr.representations.path_connected import PathConnected


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


def figure_3(request: Request) -> Figure:
    """The path of the object's centroid."""
    if len(request.video) < 2:
        raise UserError(f"{request.video.name} has one frame, so nothing moves: name another.")
    title = request.headline("The path of the centroid")
    return video_centroids.draw(request.cell, request.video, request.between, title)


def figure_6(request: Request) -> Figure:
    """A frame on which the representation loses, and why."""
    cell, video = request.cell, request.video
    scores, left_out = frame_choices.judged(cell, video)
    choice = where_it_loses.choose(scores, request.rank, left_out)
    number = request.chosen(lambda: choice.frame)
    shot = cell.shot(video, number)
    if shot.ground_truth is None:
        raise UserError(f"frame {number} of the settings has no ground truth: name another.")
    title = "Where the prior loses" if shot.gain < 0 else "Where the prior does not lose"
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
    title = request.headline("Fitted in time without noise")
    if noisy:
        share = video_words.share(float(cell.metrics["noise"].iloc[0]))
        where = f"{share} noise (frames {words.listing(noisy)})"
        title = request.headline("Some frames fitted to noise", where)
    return noisy_frames.draw(rows, title, constraint=cell.constraint)


def figure_19(request: Request) -> Figure:
    """All annotated frames."""
    video = request.video
    if not video.annotated:
        raise UserError(f"{video.name} has no annotated frame: name another video.")
    every = video.annotated
    shown = annotated_frames.shown(every, len(request.cells))
    shots = [
        {fit: cell.shot(video, number) for fit, cell in request.cells.items()} for number in shown
    ]
    if len(shown) < len(every):
        number = f"{len(shown)} of {len(every)}, evenly spaced"
        return annotated_frames.draw(shots, request.headline("Annotated frames", number))
    return annotated_frames.draw(shots, request.headline("All annotated frames"))


MAKERS: dict[str, Callable[[Request], Figure]] = {
    "figure_3": figure_3,
    "figure_6": figure_6,
    "figure_14": figure_14,
    "figure_15": figure_15,
    "figure_16": figure_16,
    "figure_17": figure_17,
    "figure_18": figure_18,
    "figure_19": figure_19,
}
"""Kinds of figures; `figure_6` with `rank: 2` is the paper's figure 13."""
