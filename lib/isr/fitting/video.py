"""Fits to videos: a representation for each frame, or one in (x, y, t) for all."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from isr.data.problems import Problem
from isr.distances import DISTANCES
from isr.fitting.cells import Plan, stored_metadata
from isr.fitting.digests import files_digest
from isr.fitting.projection import Projection
from isr.fitting.queues import State
from isr.fitting.running import PLAIN_RUN, Run, finish, optimise
from isr.fitting.schedule import Schedule, describe, path_connected_schedule
from isr.fitting.shapes import Shape
from isr.fitting.sources import Points
from isr.fitting.store import load_parameters, own_parameters
from isr.fitting.video_folder import VideoFolder
from isr.fitting.video_queue import (
    FITTED,
    PROPER_FIT,
    SKIPPED,
    Stage,
    VideoQueue,
    following_schedule,
)
from isr.levels import foreground, likely_foreground
from isr.representations import Representation
from isr.video_axes import SPATIO_TEMPORAL

_log = logging.getLogger(__name__)

_LEARNING_RATE = 1e-3
_BLOCKS_IN_TIME = 18
"""Blocks of the flow in (x, y, t), a multiple of its six masks (section C.3.3)."""
_CHUNK = 2**15
"""Pixels that are evaluated at once."""
_POOR = "%s: the fit has an IoU of %.2f alone with its unaries%s"
_LOST = "; the absolute distance loses small objects: take the squared one"
_NOTHING = "%s: the unaries show no object against a background; nothing was fitted"


def video_shape(settings: Mapping[str, Any]) -> Shape:
    """The shape that a cell fits to each frame, or to a whole video."""
    options = dict(settings.get("options") or {})
    if settings["fit"] == SPATIO_TEMPORAL and settings["constraint"] == "path_connected":
        options = {"blocks": _BLOCKS_IN_TIME, **options}
    return Shape(
        settings["constraint"],
        options,
        points=settings["points"],
        protocol=settings["protocol"],
        optimiser=settings.get("optimiser") or "adamax",
        learning_rate=settings.get("learning_rate"),
        distance=settings.get("distance") or DISTANCES[0],
    )


def video_schedule(shape: Shape) -> Schedule:
    """The paper's schedule for a path-connected shape (section C.2), the usual one for others.

    Unless the shape says otherwise, that is Adamax at 1e-3 for the diffeomorphism and its base.
    """
    if shape.constraint == "path_connected":
        return path_connected_schedule(
            shape.weight_decay,
            learning_rate=shape.learning_rate or _LEARNING_RATE,
            optimiser=shape.optimiser,
            evidence=shape.evidence,
            protocol=shape.protocol,
        )
    return shape.schedule_from(unaries=True, scribbles=False)


@torch.no_grad()
def agreement(representation: Representation, problem: Problem) -> float:
    """IoU of a representation with a problem's thresholded unaries, over all pixels."""
    assert problem.unaries is not None
    like = next(representation.parameters())
    points = torch.from_numpy(problem.coordinates).to(like).flatten(0, -2)
    levels = torch.cat([representation(part) for part in torch.split(points, _CHUNK)])
    found = foreground(levels).cpu().numpy()
    wanted = likely_foreground(problem.unaries).ravel()
    either = (found | wanted).sum()
    return float((found & wanted).sum() / either) if either else 1.0


def _frames_queue(
    folder: VideoFolder, videos: Sequence[str], settings: Mapping[str, Any], shape: Shape
) -> VideoQueue:
    schedule = video_schedule(shape)
    judge = shape.build(2)

    def judged(problem: Problem, state: State) -> float:
        load_parameters(judge, own_parameters(state, "representation"))
        return agreement(judge, problem)

    return VideoQueue(
        {video: folder.frames(video) for video in videos},
        folder.load_frame,
        first=Stage(schedule, settings["first_steps"]),
        following=Stage(following_schedule(schedule), settings["next_steps"]),
        agreement=judged,
    )


class _InTime(Projection):
    """A projection of a whole video, which starts from its first and last frame.

    These are never noise, and what lies between them lies about between (as in the published code,
    whose convex stage sees these two alone).
    """

    def start_(self, problem: Problem) -> None:
        assert problem.unaries is not None
        ends = [0, len(problem.unaries) - 1]
        coordinates, unaries = problem.coordinates[ends], problem.unaries[ends]
        super().start_(replace(problem, coordinates=coordinates, unaries=unaries))


def _plan(settings: Mapping[str, Any], shape: Shape, schedule: Schedule, dim: int) -> Plan:
    about = {"name": shape.constraint, "dim": dim, "options": dict(shape.options)}
    metadata = stored_metadata(settings, schedule, representation=about)
    kind = _InTime if dim == 3 else Projection
    return Plan(kind(shape.build(dim), Points(0, shape.points)), schedule, metadata)


def fit_frames(
    folder: VideoFolder,
    videos: Sequence[str],
    settings: Mapping[str, Any],
    output: Path,
    history: Path,
    *,
    run: Run = PLAIN_RUN,
) -> None:
    """Fit a representation to the unaries of every frame of some videos, one after the other.

    Args:
        folder: the videos and their predictions.
        videos: names of those of this part; up to `stack_size` of them are fitted side by side.
        settings: of the cell.
        output: the .safetensors file; its metadata tell under `frames` what became of each frame.
        history: the .parquet file of the loss terms: picture, step, term, value.
        run: where to compute, and the checkpoint of an interrupted fit.

    Raises:
        UserError: unaries are missing or of another size, or there are too few steps.
    """
    shape = video_shape(settings)
    queue = _frames_queue(folder, videos, settings, shape)
    schedule = video_schedule(shape)
    plan = _plan(settings, shape, schedule, 2)
    plan.metadata["following_schedule"] = describe(queue.following.schedule)
    result = optimise(
        plan,
        {**settings, "steps": settings["first_steps"]},
        queue,
        queue.load,
        inputs=files_digest(folder.files(videos)),
        caller=__file__,
        run=run,
        what=f"fit {settings['study']}/{settings['cell']}",
    )
    fitted = [name for name in queue.names if name in result.states]
    for name in queue.names:
        if queue.frames[name]["status"] != FITTED:
            _log.warning("%s: %s", name, queue.frames[name]["status"])
    for video in videos:
        if not any(name in result.states for name in folder.frames(video)):
            _log.warning(_NOTHING, video)
    plan.metadata["frames"] = {name: queue.frames[name] for name in queue.names}
    finish(plan, fitted, result, output, history, run, allow_none=True)


def fit_videos(
    folder: VideoFolder,
    videos: Sequence[str],
    settings: Mapping[str, Any],
    output: Path,
    history: Path,
    *,
    run: Run = PLAIN_RUN,
) -> None:
    """Fit one representation in (x, y, t) to each of some videos (section C.3.3).

    The unaries of a share of the frames are noise if the cell's `noise` says so. Arguments as in
    `fit_frames`; the metadata tell under `noisy` which frames these are. A video whose unaries are
    of one class in all frames is skipped: all its frames are told to be.

    Raises:
        UserError: unaries are missing or of another size, a video is too large to be fitted as a
            whole, or it has too few frames for so many of noise.
    """
    noisy = {video: folder.noisy_frames(video) for video in videos}
    for video in videos:
        folder.whole_size(video)
    inputs = files_digest(folder.files(videos))
    fitted = [video for video in videos if _has_both_classes(folder, video)]
    for video in videos:
        if video not in fitted:
            _log.warning(_NOTHING, video)
    shape = video_shape(settings)
    schedule = video_schedule(shape)
    plan = _plan(settings, shape, schedule, 3)
    result = optimise(
        plan,
        settings,
        fitted,
        folder.load_video,
        inputs=inputs,
        caller=__file__,
        run=run,
        what=f"fit {settings['study']}/{settings['cell']}",
    )
    plan.metadata["noisy"] = noisy
    frames = plan.metadata["frames"] = {}
    for video in videos:
        if video in fitted:
            frames |= _judged(folder, video, result.states[video], shape)
        else:
            frames |= {name: {"status": SKIPPED, "iou": None} for name in folder.frames(video)}
    finish(plan, fitted, result, output, history, run, allow_none=True)


def _judged(
    folder: VideoFolder, video: str, state: State, shape: Shape
) -> dict[str, dict[str, Any]]:
    """The agreement of a fit in time with the unaries of each frame but those of noise."""
    judge = shape.build(3)
    load_parameters(judge, own_parameters(state, "representation"))
    whole, noisy = folder.load_video(video), folder.noisy_frames(video)
    assert whole.unaries is not None
    found: dict[str, float | None] = {}
    for number, name in enumerate(folder.frames(video)):
        frame = Problem(name, whole.coordinates[number], unaries=whole.unaries[number])
        found[name] = None if number in noisy else agreement(judge, frame)
    mean = fmean(iou for iou in found.values() if iou is not None)
    if mean < PROPER_FIT:
        _log.warning(_POOR, video, mean, _LOST if shape.distance == "absolute" else "")
    return {name: {"status": FITTED, "iou": iou} for name, iou in found.items()}


def _has_both_classes(folder: VideoFolder, video: str) -> bool:
    """Whether the predictor found both object and background somewhere in a video."""
    found = background = False
    for unaries in folder.clean_unaries(video):
        inside = likely_foreground(unaries)
        found, background = found or bool(inside.any()), background or not inside.all()
        if found and background:
            return True
    return False
