"""Everything that is measured, proved and drawn of one cell of videos, from stored parameters.

Annotated frames are drawn and scored at their original size: representations at its coordinates,
unaries enlarged to it. All others are compared with the unaries alone, at the size these have, and
their masks are stored at that size.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isr.data.dataset import BACKGROUND, OBJECT
from isr.data.problems import quantise_unaries, working_size
from isr.data.videos import Video
from isr.data.weak_labels.store import read_labels
from isr.errors import UserError
from isr.evaluation.baselines import project_trivially
from isr.evaluation.certificates.verdicts import Certificate
from isr.evaluation.contradiction import scored_by_published_code, shape_of, shape_of_mask
from isr.evaluation.metrics import compare, resize_unaries
from isr.evaluation.vector_files import write_geojson
from isr.evaluation.video_cell import COLUMNS, VideoCell
from isr.evaluation.video_drawing import (
    DrawnFrame,
    VideoGrid,
    draw_framewise,
    draw_spatio_temporal,
)
from isr.fitting.store import StoredFits
from isr.fitting.video_folder import frame_name
from isr.io import atomic_folder, atomic_path, write_png
from isr.levels import foreground, likely_foreground

_log = logging.getLogger(__name__)

_CERTIFICATE = tuple(Certificate.__dataclass_fields__)

Mask = NDArray[np.bool_]
Rows = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class FrameEvaluation:
    """What was found for one frame.

    Attributes:
        drawn: the representation.
        mask: of the representation, at the size it is scored at.
        unaries: (h, w) at working size.
        metrics: one row per output and what it is compared with.
    """

    drawn: DrawnFrame
    mask: Mask
    unaries: NDArray[np.float32]
    metrics: Rows


def evaluate_frame(
    cell: VideoCell, video: Video, drawn: DrawnFrame, unaries: NDArray[np.float32]
) -> FrameEvaluation:
    """Score one frame against its ground truth, if it has one, and its own unaries."""
    truth = video.ground_truth(drawn.number)
    size = unaries.shape if truth is None else truth.shape
    predicted = likely_foreground(resize_unaries(unaries, *size))
    # A frame without a representation was skipped: nothing was found in it.
    mask = np.zeros(size, bool) if drawn.level is None else foreground(drawn.level)
    projected = project_trivially(predicted, cell.constraint)
    projections = {"representation": mask, **projected}
    own = np.where(predicted, OBJECT, BACKGROUND).astype(np.uint8)
    rows = compare(projections, "unaries", own)
    if truth is not None:
        rows += compare({"predictor": predicted, **projections}, "ground truth", truth)
    about = {"annotated": truth is not None, **_shapes(cell, video, drawn.number, unaries)}
    return FrameEvaluation(drawn, mask, unaries, [about | row for row in rows])


def _shapes(
    cell: VideoCell, video: Video, number: int, unaries: NDArray[np.float32]
) -> dict[str, Any]:
    """What the ground truth and the unaries say of the object's shape."""
    truth, objects = video.ground_truth(number), video.objects(number)
    own = shape_of_mask(likely_foreground(unaries))
    true = None if truth is None else shape_of(truth)
    counts = None
    if objects is not None:
        labels = read_labels(cell.labels / video.name, number).labels
        if labels.shape != objects.shape:
            raise UserError(
                f"{cell.labels / video.name}: the labels of frame {number} have size "
                f"{labels.shape}, the frame {objects.shape}: label the video again."
            )
        counts = scored_by_published_code(labels, objects)
    return {
        "truth_components": None if true is None else true.components,
        "truth_holes": None if true is None else true.holes,
        "unaries_components": own.components,
        "unaries_holes": own.holes,
        "contradicted": (true or own).contradicts,
        "published_rule": counts,
    }


def evaluate_video(cell: VideoCell, fits: StoredFits, video: Video) -> Iterator[FrameEvaluation]:
    """Draw, certify and score a video frame by frame; one frame is held at a time.

    Args:
        cell: what it belongs to.
        fits: those of its part.
        video: the video.

    Raises:
        UserError: unaries are missing or of another size than the working one, labels have another
            size than their frame, or a frame has no fit and was not skipped.
    """
    grid = VideoGrid(
        video, working_size(*video.size, cell.folder.scale), fits.metadata["convention"]
    )
    draw = draw_spatio_temporal if cell.is_spatio_temporal else draw_framewise
    frames = draw(fits, grid, seed=cell.settings["seed"])
    for drawn, unaries in zip(frames, cell.unaries(video), strict=True):
        if unaries.shape != grid.working:
            raise UserError(
                f"{frame_name(video.name, drawn.number)}: the unaries have size {unaries.shape}, "
                f"the frame at its scale {grid.working}: predict again."
            )
        yield evaluate_frame(cell, video, drawn, unaries)


def evaluate_video_cell(parts: Sequence[StoredFits], cell: VideoCell, output: Path) -> None:
    """Write metrics.csv, certificates.csv, masks/, predictor/ and outlines/ of a cell.

    Masks are VIDEO/00000.png (at original size if the frame is annotated, at working size if not),
    unaries the same in predictor/ (16 bits, at working size), outlines VIDEO/00000.geojson in pixel
    units of the original size. metrics.csv has one row per frame, output and what it is compared
    with (`against`: ground truth, or the cell's own thresholded unaries).

    Args:
        parts: the stored fits of the cell.
        cell: what else it is evaluated from.
        output: the cell's folder.

    Raises:
        UserError: a file is missing, or a video was not fitted.
    """
    metrics: Rows = []
    certificates: Rows = []
    owners = {name: _part_of(parts, name) for name in cell.settings["videos"]}
    with (
        atomic_folder(output / "masks") as masks,
        atomic_folder(output / "predictor") as predictor,
        atomic_folder(output / "outlines") as outlines,
    ):
        for name, fits in owners.items():
            _log.info("evaluate %s/%s: %s", cell.settings["study"], cell.settings["cell"], name)
            video = cell.video(name)
            made = fits.metadata.get("settings", cell.settings)
            origin = cell.about(made) | cell.origin(name)
            for found in evaluate_video(cell, fits, video):
                number = found.drawn.number
                stem = frame_name(name, number)
                place = {"picture": stem, "video": name, "frame": number}
                about = origin | place | _fit_of(fits, name, number)
                metrics += [about | row for row in found.metrics]
                certificates += _certificates(cell, place, found.drawn)
                write_png(masks / f"{stem}.png", np.where(found.mask, 255, 0).astype(np.uint8))
                write_png(predictor / f"{stem}.png", quantise_unaries(found.unaries, stem))
                write_geojson(outlines / f"{stem}.geojson", found.drawn.region, cell.axes() | place)
    columns = [*COLUMNS, "picture", "video", "frame", *_CERTIFICATE]
    tables = {
        "metrics.csv": pd.DataFrame(metrics),
        "certificates.csv": pd.DataFrame(certificates, columns=columns),
    }
    for file, table in tables.items():
        with atomic_path(output / file) as temporary:
            table.to_csv(temporary, index=False)


def _part_of(parts: Sequence[StoredFits], video: str) -> StoredFits:
    for fits in parts:
        fitted = {*fits.names, *fits.metadata.get("frames", {})}
        if any(name.partition("/")[0] == video for name in fitted):
            return fits
    raise UserError(f"--fits holds no fit of {video}: give all parts of the cell.")


def _fit_of(fits: StoredFits, video: str, number: int) -> dict[str, Any]:
    """How the representation of a frame came about."""
    name = frame_name(video, number)
    owner = name if name in fits.names else video
    about = fits.metadata.get("frames", {}).get(name, {})
    return {
        "status": about.get("status", "fitted"),
        "finite": fits.metadata.get("finite", {}).get(owner, True),
        "noisy": number in fits.metadata.get("noisy", {}).get(video, ()),
    }


def _certificates(cell: VideoCell, place: Mapping[str, Any], drawn: DrawnFrame) -> Rows:
    """Rows of certificates.csv; those of a whole video have no frame."""
    return [
        {
            **cell.axes(),
            **place,
            "picture": name,
            "frame": place["frame"] if name == place["picture"] else None,
            **asdict(row),
        }
        for name, rows in drawn.certificates.items()
        for row in rows
    ]
