"""What a table of motion segmentation is about: its videos and the cells expected of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isr.distances import DISTANCES
from isr.errors import UserError
from isr.reporting import published_videos as published
from isr.reporting.settings import check_keys
from isr.video_axes import AXES, SPATIO_TEMPORAL

KINDS = ("fbms", "drawn")
JUDGED = ("path_connected",)
"""Constraints of which it is known what contradicts them; others may be for more reasons."""

STUDY_KEYS = ("study", "dataset", "videos", "cells")
STUDY_OPTIONS = ("published",)

_NAMES = AXES[:6]
_TABULATED = ("labels", "predictor", "training", "constraint")


@dataclass(frozen=True)
class VideoCellPlan:
    """One planned cell: its axes, and the videos that it is about."""

    labels: str
    predictor: str
    training: str
    constraint: str
    fit: str
    distance: str
    noise: float
    seed: int
    videos: tuple[str, ...]


@dataclass(frozen=True)
class VideoStudy:
    """A study of videos: every cell that was planned, whether it ran or not.

    Attributes:
        name: name of the study, as in the column `study` of metrics.csv.
        dataset: name of the dataset.
        kind: "fbms", or "drawn" for demo data.
        text: replaces the words made from the kind.
        videos: names of all videos, in their order.
        cells: all cells planned that the table is about: of the same labels, predictor, training
            and constraint, and of the same distance unless they are spatio-temporal.
        shows_published: whether the paper's numbers are wanted beside ours.
    """

    name: str
    dataset: str
    kind: str
    videos: tuple[str, ...]
    cells: tuple[VideoCellPlan, ...]
    text: str | None = None
    shows_published: bool = True

    @property
    def labels(self) -> str:
        """Name of the weak labels."""
        return self.cells[0].labels

    @property
    def predictor(self) -> str:
        """Name of the predictor."""
        return self.cells[0].predictor

    @property
    def training(self) -> str:
        """Whether each video has a network of its own or all share one."""
        return self.cells[0].training

    @property
    def constraint(self) -> str:
        """The constraint that is tabulated."""
        return self.cells[0].constraint

    @property
    def distances(self) -> tuple[str, ...]:
        """How the fits measure their distance from unaries, the paper's first."""
        return tuple(sorted({cell.distance for cell in self.cells}, key=DISTANCES.index))

    @property
    def may_be_contradicted(self) -> bool:
        """Whether it was looked for frames that contradict the constraint."""
        return self.constraint in JUDGED

    @property
    def compares(self) -> bool:
        """Whether the paper's numbers, all of path-connected shapes in FBMS-59, stand beside."""
        of_paper = self.kind == "fbms" and self.constraint == "path_connected"
        known = any(name in published.SEQUENCES for name in self.videos)
        return self.shows_published and of_paper and known

    def describe(self) -> str:
        """Say what the data are."""
        if self.text:
            return self.text
        number = len(self.videos)
        if self.kind == "drawn":
            return f"Demo data ({number} drawn video{'' if number == 1 else 's'}, not the paper's)"
        known = sum(name in published.SEQUENCES for name in self.videos)
        words = f"{known} of the paper's {len(published.SEQUENCES)} sequences"
        if known < number:
            words += f" and {number - known} that the paper does not have"
        return f"FBMS-59 ({words})"

    def published_score(self, video: str, fit: str, output: str) -> published.Score | None:
        """The paper's score of a sequence, None when there is none or none is wanted."""
        return published.find(video, fit, output) if self.compares else None

    def published_noise(self, share: float) -> float | None:
        """The paper's IoU with a share of noise, None when there is none or none is wanted."""
        if self.compares and self.videos == (published.NOISE_SEQUENCE,):
            return published.noise(share)
        return None


def parse_study(content: Mapping[str, Any], fits: tuple[str, ...]) -> VideoStudy:
    """Read the keys study, dataset, videos, cells (, published) of settings.

    Args:
        content: the settings.
        fits: kinds of fits that the table is about; cells of others are left out.

    Raises:
        UserError: one of the keys is wrong or no such value, no cell has such a fit, or cells
            differ in their labels, predictor, training or constraint, or in their distance although
            they are not spatio-temporal.
    """
    dataset = check_keys(
        content["dataset"], "dataset", required=("name", "kind"), optional=("text",)
    )
    shows_published = content.get("published", True)
    if not isinstance(shows_published, bool):
        raise UserError(f"published of the settings is {shows_published!r}: use true or false.")
    if dataset["kind"] not in KINDS:
        kinds = ", ".join(KINDS)
        raise UserError(f"dataset: kind {dataset['kind']!r} is unknown: use one of {kinds}.")
    videos = _names(content["videos"], "videos")
    if not isinstance(content["cells"], list):
        raise UserError("cells of the settings: give a list of cells.")
    cells = tuple(_cell(each, videos) for each in content["cells"])
    cells = tuple(cell for cell in cells if cell.fit in fits)
    if not cells:
        names = " or ".join(fits)
        raise UserError(f"cells of the settings: none of them has the fit {names}: add one.")
    one = _TABULATED if fits == (SPATIO_TEMPORAL,) else (*_TABULATED, "distance")
    for axis in one:
        values = sorted({getattr(cell, axis) for cell in cells})
        if len(values) > 1:
            raise UserError(
                f"cells of the settings have several of {axis} ({', '.join(values)}): make a "
                "table for each."
            )
    return VideoStudy(
        name=str(content["study"]),
        dataset=str(dataset["name"]),
        kind=dataset["kind"],
        videos=videos,
        cells=cells,
        text=dataset.get("text"),
        shows_published=shows_published,
    )


def _cell(content: Any, videos: tuple[str, ...]) -> VideoCellPlan:
    for axis in AXES:
        if not isinstance(content, dict) or axis not in content:
            raise UserError(f"cells of the settings: a cell lacks the axis {axis!r}: add it.")
    for axis in _NAMES:
        if not isinstance(content[axis], str):
            raise UserError(f"cells of the settings: {axis} is {content[axis]!r}: give a name.")
    noise, seed, distance = content["noise"], content["seed"], content["distance"]
    if distance not in DISTANCES:
        names = ", ".join(DISTANCES)
        raise UserError(
            f"cells of the settings: distance {distance!r} is unknown: use one of {names}."
        )
    if isinstance(noise, bool) or not isinstance(noise, int | float) or not 0 <= noise <= 1:
        raise UserError(f"cells of the settings: noise is {noise!r}: give a share from 0 to 1.")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise UserError(f"cells of the settings: seed is {seed!r}: give a whole number.")
    own = _names(content.get("videos", list(videos)), "videos of a cell")
    for name in own:
        if name not in videos:
            raise UserError(
                f"cells of the settings: a cell has the video {name!r}, which is not among the "
                "videos: add it there, or take it out of the cell."
            )
    named = {axis: content[axis] for axis in _NAMES}
    return VideoCellPlan(**named, noise=float(noise), seed=seed, videos=own)


def _names(content: Any, where: str) -> tuple[str, ...]:
    if (
        not isinstance(content, list)
        or not content
        or not all(isinstance(name, str) for name in content)
    ):
        raise UserError(f"{where} of the settings: give a list of names, not {content!r}.")
    return tuple(content)
