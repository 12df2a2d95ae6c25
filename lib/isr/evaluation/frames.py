"""What is found of videos, frame by frame.

Annotated frames are drawn and scored at their original size: representations at its coordinates,
unaries enlarged to it. All others are compared with the unaries alone, at the size these have, and
their masks are stored at that size.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from isr.coordinates import Convention, Points, Scene, ThirdAxis, grid_coordinates, with_third
from isr.data.items import Item, frame_name
from isr.data.problems import working_size
from isr.data.weak_labels.store import BACKGROUND as BACKGROUND_LABEL
from isr.data.weak_labels.store import FOREGROUND as FOREGROUND_LABEL
from isr.data.weak_labels.store import foreground_of, label_kind, read_labels, scored
from isr.errors import UserError
from isr.evaluation.certificates import Certificate, certify
from isr.evaluation.columns import Row
from isr.evaluation.drawing import interpolated, level_function
from isr.evaluation.job import EvaluateJob, outcome, told_of
from isr.evaluation.outlines import outline
from isr.evaluation.outlines.canvas import Canvas, Size
from isr.evaluation.outlines.marching import raster_outline
from isr.evaluation.pixels import shape_of, shape_of_mask
from isr.evaluation.regions import Bytes, Evaluation, Region, outputs_of, score
from isr.levels import foreground, likely_foreground
from isr.networks.inference import predict_video
from isr.representations import Representation
from isr.settings import SPATIO_TEMPORAL
from isr.store import StoredFits, read_fits

Unaries = NDArray[np.float32]

_CERTIFIED = 2**23
"""Pixels of all frames for which levels are kept for one certificate: 64 MiB."""


@dataclass(frozen=True, eq=False)
class DrawnFrame:
    """What a representation is in one frame.

    Attributes:
        number: of the frame.
        level: (h, w) at the size it is scored at; infinite where no representation was fitted.
        outline: in pixel units of the original size; it agrees with `level` at the
            centres of its cells.
        certificates: those that were made at this frame, by the name of the representation.
    """

    number: int
    level: Points
    outline: Polygon | MultiPolygon
    certificates: Mapping[str, list[Certificate]]


@dataclass(frozen=True, eq=False)
class VideoGrid:
    """At which sizes the frames of a video are drawn.

    Annotated frames are drawn at their original size, where their scores are taken. The others are
    compared with the unaries alone, and drawn at the size these have.

    Attributes:
        video: the video.
        working: height and width that its unaries have.
        convention: of the coordinates.
    """

    video: Item
    working: Size
    convention: Convention

    def size(self, number: int) -> Size:
        """Height and width that frame `number` is drawn at."""
        return self.video.size if number in self.video.annotated else self.working

    def coordinates(self, size: Size) -> Points:
        """Coordinates (*size, 2) of the cells of a grid of this size laid over the video."""
        return grid_coordinates(*self.video.size, size, self.convention)

    def keeps_coordinates(self, size: Size) -> bool:
        """Whether a picture of this size has the coordinates of that grid by itself."""
        own = Scene(*size, self.convention).coordinates()
        return bool(np.allclose(own, self.coordinates(size), rtol=0, atol=1e-9))


def evaluate(job: EvaluateJob, item: Item) -> Iterator[Evaluation]:
    """Draw, certify and score a video frame by frame; one frame is held at a time.

    Raises:
        UserError: unaries are missing or of another size than the working one, labels have another
            size than their frame, or a frame has no fit and was not skipped.
    """
    fits = job.fits_of(item.name)
    origin: Row = {}
    if item.name in job.labels:
        about = label_kind(job.labels[item.name])
        item, origin = scored(item, about), _origin(job, item.name, about)
    working = working_size(*item.size, job.predictor.scale)
    grid = VideoGrid(item, working, fits.convention)
    in_time = job.cell.fit == SPATIO_TEMPORAL
    draw = draw_spatio_temporal if in_time else draw_framewise
    frames = draw(fits, grid, seed=job.seed)
    for drawn, unaries in zip(frames, _unaries(job, item), strict=True):
        if unaries.shape != grid.working:
            raise UserError(
                f"{frame_name(item.name, drawn.number)}: the unaries have size {unaries.shape}, "
                f"the frame at its scale {grid.working}: predict again."
            )
        yield _frame(job, item, fits, drawn, unaries, origin)


def _unaries(job: EvaluateJob, item: Item) -> Iterator[Unaries]:
    """The unaries (h, w) of every frame, in order: tuned ones of a joint cell.

    Raises:
        UserError: no file has the tuned network of the video.
    """
    if job.cell.fit != "joint":
        for name in job.reader.frames(item.name):
            unaries = job.reader.load_frame(name, job.seed).unaries
            assert unaries is not None
            yield unaries
        return
    for stored in (each.of_seed(job.seed) for each in job.networks):
        if item.name in stored.names:
            yield from predict_video(stored.predictor(item.name), item, job.predictor.scale)
            return
    raise UserError(f"--fits holds no tuned network of {item.name}: give all parts of the cell.")


def _frame(
    job: EvaluateJob,
    item: Item,
    fits: StoredFits,
    drawn: DrawnFrame,
    unaries: Unaries,
    origin: Row,
) -> Evaluation:
    """Score one frame against its ground truth, if it has one, and its own unaries."""
    number, name = drawn.number, frame_name(item.name, drawn.number)
    truth = item.ground_truth(number)
    outputs = outputs_of(foreground(drawn.level), unaries, job.cell.constraint)
    region = Region(name, drawn.level, outputs, unaries, drawn.outline)
    about = {
        "annotated": truth is not None,
        **origin,
        **_fit_of(job, fits, item.name, number),
        **_shapes(truth, unaries),
        "published_rule": _published_rule(job, item, number),
    }
    rows = [about | row for row in score(region, [region], truth)]
    return Evaluation(name, item.name, number, [region], rows, drawn.certificates)


def _fit_of(job: EvaluateJob, fits: StoredFits, video: str, number: int) -> Row:
    """How the representation of a frame came about."""
    name, seed = frame_name(video, number), str(job.seed)
    owner = name if name in fits.names else video
    return {
        **outcome(fits, name),
        "finite": fits.metadata["finite"].get(seed, {}).get(owner, True),
        "noisy": number in fits.metadata["noisy"].get(seed, {}).get(video, ()),
    }


def _shapes(truth: Bytes | None, unaries: Unaries) -> Row:
    """What the ground truth (h, w) and the unaries of a frame say of the object's shape."""
    own = shape_of_mask(likely_foreground(unaries))
    true = None if truth is None else shape_of(truth)
    return {
        "truth_components": None if true is None else true.components,
        "truth_holes": None if true is None else true.holes,
        "unaries_components": own.components,
        "unaries_holes": own.holes,
        "contradicted": (true or own).contradicts,
    }


def _published_rule(job: EvaluateJob, item: Item, number: int) -> bool | None:
    """Whether the published code would score a frame; None without annotation or labels.

    Raises:
        UserError: the labels are missing, damaged or of another size than the frame.
    """
    objects = item.objects(number)
    if objects is None or item.name not in job.labels:
        return None
    labels = read_labels(job.labels[item.name], number, frame_size=item.size).labels
    return scored_by_published_code(labels, objects)


def _origin(job: EvaluateJob, video: str, about: Mapping[str, Any]) -> Row:
    """Which labels and which network made the numbers of a video, and of which object.

    Raises:
        UserError: a network that was to be chosen is missing, or the choice of labels damaged.
    """
    found = foreground_of(about)
    return {
        "labels_kind": about["kind"],
        "weights": _weights(job, video),
        "scored_object": None if found is None else found.object,
        "object_sure": None if found is None else found.is_sure,
        "labels_follow": "" if found is None else found.follow,
    }


def _weights(job: EvaluateJob, video: str) -> str | None:
    """Whether the network of a video was trained or published."""
    if job.reader.predictions is None:
        return None
    folder = job.reader.predictions.folder(video, job.seed)
    origins = read_fits(folder / "predictor.safetensors").metadata.get("origins", {})
    taken: str | None = origins.get(str(job.seed), {}).get(video, {}).get("weights")
    return taken


def scored_by_published_code(labels: Bytes, objects: Bytes) -> bool:
    """Whether the authors' code would score an annotated frame.

    It scores those alone whose weak labels tell the object from the background: foreground labels
    and background labels lie, most of them, on different annotated objects (the background counts
    as one). A frame without labels of both kinds tells nothing.

    Args:
        labels: uint8 (h, w), 0 none, 255 background, 1 foreground.
        objects: uint8 (h, w), 0 background, 1..n every annotated object.

    Raises:
        ValueError: the two have different sizes.
    """
    if labels.shape != objects.shape:
        raise ValueError(f"labels have size {labels.shape}, objects {objects.shape}")
    below = [objects[labels == label] for label in (FOREGROUND_LABEL, BACKGROUND_LABEL)]
    if not all(part.size for part in below):
        return False
    inside, outside = (int(np.bincount(part).argmax()) for part in below)
    return inside != outside


def draw_framewise(fits: StoredFits, grid: VideoGrid, *, seed: int) -> Iterator[DrawnFrame]:
    """Draw and certify the representations of a video that has one for each frame.

    Args:
        fits: those of its part.
        grid: its sizes.
        seed: for the sampled points of certificates.

    Raises:
        UserError: a frame has no fit, and was not skipped.
    """
    stored = set(fits.names)
    for number in range(len(grid.video)):
        name = frame_name(grid.video.name, number)
        if name not in stored:
            yield _skipped(fits, grid, number)
            continue
        representation = fits.representation(name)
        size = grid.size(number)
        level = level_function(representation)(grid.coordinates(size))
        found = certify(
            representation,
            *size,
            grid.convention,
            seed=seed,
            level=level if grid.keeps_coordinates(size) else None,
        )
        region = outline(representation, *grid.video.size, grid.convention, grid=size, level=level)
        yield DrawnFrame(number, level, region, {name: found})


def _skipped(fits: StoredFits, grid: VideoGrid, number: int) -> DrawnFrame:
    """A frame without a fit, which has to be one that was skipped: nothing was found in it."""
    name = frame_name(grid.video.name, number)
    if told_of(fits, name).get("status") != "skipped":
        raise UserError(
            f"--fits holds no fit of {name}, nor was it skipped: give the parts of the cell."
        )
    return DrawnFrame(number, np.full(grid.size(number), np.inf), Polygon(), {})


def draw_spatio_temporal(fits: StoredFits, grid: VideoGrid, *, seed: int) -> Iterator[DrawnFrame]:
    """Draw and certify the one representation in (x, y, t) of a video: slices at t of each frame.

    It is certified once, with the last frame. Outlines are those of the drawn levels, interpolated
    in between. A video that was skipped has empty frames.

    Raises:
        UserError: the video has no fit, and was not skipped.
    """
    video = grid.video
    if video.name not in fits.names:
        for number in range(len(video)):
            yield _skipped(fits, grid, number)
        return
    representation, third = fits.representation(video.name), video.third_axis()
    assert third is not None
    level = level_function(representation)
    keeps = _certified_size(grid) == grid.working and grid.keeps_coordinates(grid.working)
    kept: list[Points] = []
    for number in range(len(video)):
        time = third.part([number])
        size = grid.size(number)
        drawn = level(_slice(grid, size, time))
        if keeps:
            own = size == grid.working
            kept.append(drawn if own else level(_slice(grid, grid.working, time)))
        found = {}
        if number + 1 == len(video):
            levels = np.stack(kept) if keeps else None
            found[video.name] = _certified(representation, grid, third, seed, levels)
        canvas = Canvas(video.size, size, grid.convention)
        region = canvas.in_pixels(raster_outline(interpolated(drawn), drawn))
        yield DrawnFrame(number, drawn, region, found)


def _certified(
    representation: Representation,
    grid: VideoGrid,
    third: ThirdAxis,
    seed: int,
    levels: Points | None,
) -> list[Certificate]:
    """The certificates of a whole video; `levels` (frames, h, w) are at its certified size."""
    size = _certified_size(grid)
    return certify(representation, *size, grid.convention, third=third, seed=seed, level=levels)


def _slice(grid: VideoGrid, size: Size, time: ThirdAxis) -> Points:
    return np.asarray(with_third(grid.coordinates(size), time)[0])


def _certified_size(grid: VideoGrid) -> Size:
    """The working size, made smaller for a video whose levels would not fit into memory."""
    height, width = grid.working
    factor = int(np.ceil(np.sqrt(len(grid.video) * height * width / _CERTIFIED)))
    return max(1, height // factor), max(1, width // factor)
