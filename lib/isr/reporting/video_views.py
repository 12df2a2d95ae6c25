"""One cell of a video study as figures show it: its files, frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from isr.coordinates import Scene
from isr.data.problems import read_unaries
from isr.data.videos import Video, frame_file
from isr.distances import DISTANCES
from isr.errors import UserError
from isr.evaluation.metrics import resize_unaries
from isr.fitting.store import StoredFits, read_parts
from isr.fitting.video_folder import frame_name
from isr.io import read_png
from isr.levels import likely_foreground
from isr.reporting import summary, video_words, words
from isr.reporting.overlays import Region
from isr.reporting.shots import PREDICTOR, Shot
from isr.reporting.views import read_region
from isr.representations import Representation
from isr.video_axes import TOGETHER

Mask = NDArray[np.bool_]

GROUND_TRUTH = "ground truth"
NOT_FITTED = ("skipped", "failed")
"""What the status of a frame is that the constraint is not to blame for."""
_COLUMNS = (
    *("study", "labels_kind", "scored_object", "constraint", "training", "fit", "distance"),
    *("noise", "status"),
    *("video", "frame", "output", "against", "iou"),
)


@dataclass(frozen=True)
class CellFiles:
    """Where the files of a cell lie, and what they hold."""

    folder: Path

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One row per frame, output and what it is compared with."""
        return summary.read_metrics([self.folder / "metrics.csv"], columns=_COLUMNS)

    @cached_property
    def certificates(self) -> pd.DataFrame:
        """One row per fit and method of checking."""
        path = self.folder / "certificates.csv"
        try:
            return pd.read_csv(path, dtype={"picture": str, "video": str})
        except FileNotFoundError:
            raise UserError(f"{path} does not exist: evaluate the cell first.") from None
        except pd.errors.EmptyDataError:
            raise UserError(f"{path} is empty: remove it and evaluate the cell again.") from None

    @cached_property
    def parts(self) -> list[StoredFits]:
        """All stored fits."""
        paths = sorted((self.folder / "fits").glob("part-*.safetensors"))
        if not paths:
            raise UserError(f"{self.folder / 'fits'} holds no fits: fit the cell first.")
        return read_parts(paths)

    @property
    def constraint(self) -> str:
        """The constraint in words."""
        return words.output("representation", str(self.metrics["constraint"].iloc[0]))

    @property
    def predictor(self) -> str:
        """The predictor in print."""
        return video_words.output(PREDICTOR, "")

    def labels(self, video: str) -> str:
        """What kind of weak labels a video has."""
        return str(self._of(video, "labels_kind").iloc[0])

    def object(self, video: str) -> int | None:
        """Number of the object that a video is scored by; None without ground truth."""
        found = self._of(video, "scored_object").dropna()
        return int(found.iloc[0]) if len(found) else None

    def _of(self, video: str, column: str) -> "pd.Series[Any]":
        found = self.metrics.loc[self.metrics["video"] == video, column]
        if found.empty:
            raise UserError(f"{self.folder / 'metrics.csv'} has no {video}: name another video.")
        return found

    @property
    def training(self) -> str:
        """Whether each video has a network of its own or all share one."""
        return str(self.metrics["training"].iloc[0])

    @property
    def distance(self) -> str:
        """How the fits measure their distance from unaries."""
        return str(self.metrics["distance"].iloc[0])

    @property
    def videos(self) -> list[str]:
        """Names of the videos."""
        return [str(name) for name in self.metrics["video"].unique()]

    def scores(self, against: str = GROUND_TRUTH) -> pd.DataFrame:
        """IoU with the ground truth or the unaries: by (video, frame), a column per output."""
        rows = self.metrics[self.metrics["against"] == against]
        return rows.pivot_table(index=["video", "frame"], columns="output", values="iou")

    def row(self, video: str, frame: int) -> "pd.Series[float]":
        """What metrics.csv says of one frame, whatever the output.

        Raises:
            UserError: it says nothing.
        """
        table = self.metrics
        rows = table[(table["video"] == video) & (table["frame"] == frame)]
        if rows.empty:
            raise UserError(
                f"{self.folder / 'metrics.csv'} has no frame {frame} of {video}: name another."
            )
        # Rows about the ground truth come first: what is said of it is said there.
        order = (rows["against"] != GROUND_TRUTH).sort_values(kind="stable").index
        return rows.loc[order].iloc[0]

    def fits_of(self, name: str) -> StoredFits:
        """The part that holds the fit of a video (VIDEO) or of a frame (VIDEO/00000).

        Raises:
            UserError: no part does.
        """
        for part in self.parts:
            if name in part.names:
                return part
        raise UserError(f"{self.folder} holds no fit of {name}: name another frame or cell.")

    def representation(self, name: str) -> Representation:
        """The stored representation of a video or of a frame, in float64."""
        return self.fits_of(name).representation(name)

    def scene(self, video: Video, name: str) -> Scene:
        """What the representation of a frame of a video is drawn for."""
        return Scene(video.height, video.width, self.fits_of(name).metadata["convention"])

    def noisy(self, video: str) -> list[int]:
        """Numbers of the frames whose unaries were noise."""
        stored = self.fits_of(video).metadata.get("noisy") or {}
        return [int(number) for number in stored.get(video, [])]

    def mask(self, video: str, frame: int, size: tuple[int, int] | None = None) -> Mask:
        """The drawn foreground of a frame as it is stored, or at another size (h, w)."""
        drawn = np.asarray(read_png(self.folder / "masks" / video / frame_file(frame)) > 0)
        if size is None:
            return drawn
        return likely_foreground(resize_unaries(drawn.astype(np.float32), *size))

    def predicted(self, video: str, frame: int, size: tuple[int, int]) -> Mask:
        """The thresholded unaries of a frame at a size (h, w)."""
        unaries = read_unaries(self.folder / "predictor" / video / frame_file(frame))
        return likely_foreground(resize_unaries(unaries, *size))

    def region(self, video: str, frame: int) -> Region | None:
        """The outline of the foreground in pixel units; None where it is not stored."""
        return read_region(self.folder / "outlines" / f"{frame_name(video, frame)}.geojson")

    def shot(self, video: Video, frame: int) -> Shot:
        """One frame and what this cell makes of it."""
        scores = self.scores()
        own = scores.loc[(video.name, frame)] if (video.name, frame) in scores.index else {}
        status = str(self.row(video.name, frame)["status"])
        return Shot(
            video.name,
            frame,
            video.frame(frame) / 255.0,
            video.ground_truth(frame),
            self.predicted(video.name, frame, video.size),
            self.mask(video.name, frame, video.size),
            {str(output): float(value) for output, value in dict(own).items()},
            self.predictor,
            self.constraint,
            status if status in NOT_FITTED else "",
        )


def about(cells: Sequence[CellFiles], video: str) -> str:
    """What weak labels cells have of a video, and what distance if it is not the paper's."""
    labels = f"{words.listing(dict.fromkeys(cell.labels(video) for cell in cells))} labels"
    shared = ["one UNet for all videos"] if any(c.training == TOGETHER for c in cells) else []
    others = dict.fromkeys(cell.distance for cell in cells if cell.distance != DISTANCES[0])
    return ", ".join([labels, *shared, *map(video_words.distance, others)])
