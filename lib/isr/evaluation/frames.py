"""What is found of videos, frame by frame.

Annotated frames are drawn and scored at their original size: representations at its coordinates,
unaries enlarged to it. All others are compared with the unaries alone, at the size these have, and
their masks are stored at that size.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isr.data.items import Item, frame_name
from isr.data.pictures import BACKGROUND, OBJECT
from isr.data.problems import working_size
from isr.data.weak_labels.store import foreground_of, label_kind, read_labels, scored
from isr.errors import UserError
from isr.evaluation.baselines import project_trivially
from isr.evaluation.columns import ALL_OBJECTS, GROUND_TRUTH, UNARIES, Row
from isr.evaluation.contradiction import scored_by_published_code, shape_of, shape_of_mask
from isr.evaluation.evaluate import Evaluation
from isr.evaluation.frame_drawing import (
    DrawnFrame,
    VideoGrid,
    draw_framewise,
    draw_spatio_temporal,
    told_of,
)
from isr.evaluation.metrics import compare, resize_unaries
from isr.levels import foreground, likely_foreground
from isr.networks.inference import predict_video
from isr.settings import SPATIO_TEMPORAL
from isr.store import StoredFits, read_fits

if TYPE_CHECKING:
    from isr.evaluation.evaluate import EvaluateJob

Bytes = NDArray[np.uint8]
Unaries = NDArray[np.float32]


def evaluate(job: "EvaluateJob", item: Item) -> Iterator[Evaluation]:
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


def _unaries(job: "EvaluateJob", item: Item) -> Iterator[Unaries]:
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
    job: "EvaluateJob",
    item: Item,
    fits: StoredFits,
    drawn: DrawnFrame,
    unaries: Unaries,
    origin: Row,
) -> Evaluation:
    """Score one frame against its ground truth, if it has one, and its own unaries."""
    number, name = drawn.number, frame_name(item.name, drawn.number)
    truth = item.ground_truth(number)
    size = unaries.shape if truth is None else truth.shape
    predicted = likely_foreground(resize_unaries(unaries, *size))
    # A frame without a representation was skipped: nothing was found in it.
    mask = np.zeros(size, bool) if drawn.level is None else foreground(drawn.level)
    projections = {"representation": mask, **project_trivially(predicted, job.cell.constraint)}
    own = np.where(predicted, OBJECT, BACKGROUND).astype(np.uint8)
    rows = compare(projections, UNARIES, own)
    if truth is not None:
        rows += compare({"predictor": predicted, **projections}, GROUND_TRUTH, truth)
    about = {
        "object": ALL_OBJECTS,
        "objects": 1,
        "overlap": 0,
        "annotated": truth is not None,
        **origin,
        **_fit_of(job, fits, item.name, number),
        **_shapes(truth, unaries),
        "published_rule": _published_rule(job, item, number),
    }
    return Evaluation(
        name,
        item.name,
        number,
        rows=[about | row for row in rows],
        certificates={
            (each, number if each == name else None): found
            for each, found in drawn.certificates.items()
        },
        masks={name: mask},
        unaries={name: unaries},
        outlines={name: drawn.region},
    )


def _fit_of(job: "EvaluateJob", fits: StoredFits, video: str, number: int) -> Row:
    """How the representation of a frame came about."""
    name, seed = frame_name(video, number), str(job.seed)
    owner = name if name in fits.names else video
    return {
        "status": told_of(fits, name).get("status", "fitted"),
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


def _published_rule(job: "EvaluateJob", item: Item, number: int) -> bool | None:
    """Whether the published code would score a frame; None without annotation or labels.

    Raises:
        UserError: the labels are missing, damaged or of another size than the frame.
    """
    objects = item.objects(number)
    if objects is None or item.name not in job.labels:
        return None
    labels = read_labels(job.labels[item.name], number, frame_size=item.size).labels
    return scored_by_published_code(labels, objects)


def _origin(job: "EvaluateJob", video: str, about: Mapping[str, Any]) -> Row:
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


def _weights(job: "EvaluateJob", video: str) -> str | None:
    """Whether the network of a video was trained or published."""
    if job.reader.predictions is None:
        return None
    folder = job.reader.predictions.folder(video, job.seed)
    origins = read_fits(folder / "predictor.safetensors").metadata.get("origins", {})
    taken: str | None = origins.get(str(job.seed), {}).get(video, {}).get("weights")
    return taken
