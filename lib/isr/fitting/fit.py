"""Fits: one part of a batch of cells, from items on disk to stored parameters.

A picture, a picture with depth or a volume is fitted as a whole (`fitting.wholes`); a video frame
by frame (`fitting.frames`), jointly with its UNet (`fitting.joint_frames`), or as one region in
(x, y, t) (`fitting.in_time`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isr.data.items import Item
from isr.data.problems import Predictions, ProblemReader
from isr.errors import UserError
from isr.fitting.engine.long_work import PLAIN_RUN, Run, versions
from isr.fitting.engine.queue import Key
from isr.fitting.optimise import Job, write_history
from isr.io import atomic_folder
from isr.predictors import PredictorKind, read_entry
from isr.predictors.use import trains_along
from isr.settings import CONVENTIONS, SPATIO_TEMPORAL, CellSettings, Protocol
from isr.store import FITS, HISTORY, PREDICTORS, Group, StoredFits, write_fits


@dataclass
class Found:
    """What the fits of a part have found.

    Attributes:
        groups: of the representations, and the predictors that were trained along.
        history: rows (item, seed, step, term, value).
        finite: whether each fit stayed finite, by problem and seed.
        schedules: phases of each kind of fit, as plain data.
        frames: what became of the frames of videos: {status, iou with their unaries or None}.
        noisy: numbers of the frames whose unaries were replaced by noise, by video and seed.
        predictors: of joint fits of videos: their tuned networks.
    """

    groups: list[Group] = field(default_factory=list)
    history: list[tuple[str, int, int, str, float]] = field(default_factory=list)
    finite: dict[Key, bool] = field(default_factory=dict)
    schedules: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    frames: dict[Key, dict[str, Any]] = field(default_factory=dict)
    noisy: dict[Key, list[int]] = field(default_factory=dict)
    predictors: list[Group] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        """Take over what other fits of the part have found."""
        self.groups += other.groups
        self.history += other.history
        self.finite |= other.finite
        self.schedules |= other.schedules
        self.frames |= other.frames
        self.noisy |= other.noisy
        self.predictors += other.predictors


@dataclass(frozen=True)
class FitJob:
    """What a part of a batch is fitted from.

    Attributes:
        settings: what the job was told: study, batch, protocol, cell, predictor (its entry) and
            works, [[item, seed], ...].
        items: by name.
        semantic: folder of the semantic features, if they are seen.
        predictions: folders of the stored predictions, if they are projected or gone on from.
        labels: folders of the weak labels of videos, by their names.
        sequential: the stored fits that joint fits of videos go on from.
        run: where to compute, and the checkpoint of an interrupted fit.
    """

    settings: Mapping[str, Any]
    items: Mapping[str, Item]
    semantic: Path | None = None
    predictions: Sequence[Path] = ()
    labels: Mapping[str, Path] = field(default_factory=dict)
    sequential: Sequence[StoredFits] = ()
    run: Run = PLAIN_RUN

    @property
    def cell(self) -> CellSettings:
        """How the items are fitted."""
        return CellSettings.model_validate(self.settings["cell"])

    @property
    def protocol(self) -> Protocol:
        """Whose schedules."""
        protocol: Protocol = self.settings["protocol"]
        return protocol

    @property
    def predictor(self) -> PredictorKind:
        """The predictor of the cell."""
        return read_entry(self.settings["predictor"])

    @property
    def trains(self) -> bool:
        """Whether a predictor is trained along, on scribbles."""
        return trains_along(self.predictor, self.cell, self.protocol)

    @property
    def keys(self) -> list[Key]:
        """Items and seeds."""
        return [(str(item), int(seed)) for item, seed in self.settings["works"]]

    @property
    def reader(self) -> ProblemReader:
        """Reads the problems."""
        return ProblemReader(
            self.items,
            CONVENTIONS[self.protocol],  # type: ignore[arg-type]
            self.predictor.scale,
            self.cell.features if self.trains else None,
            self.semantic,
            Predictions(self.predictions) if self.predictions else None,
        )

    @property
    def job(self) -> Job:
        """What all its plans share."""
        return Job(
            self.settings,
            self.cell.stack_size or 1,
            self.protocol == "published-code",
            self.run,
            f"fit {self.settings['study']}/{self.settings['batch']}",
        )


def fit(job: FitJob, output: Path) -> None:
    """Fit the items of a part and store their parameters and the course of the loss terms.

    Args:
        job: what is fitted.
        output: folder to make, with the files FITS, HISTORY and maybe PREDICTORS.

    Raises:
        UserError: files are missing or of other things, there are too few steps, or an item cannot
            be fitted so.
    """
    found = Found()
    videos = [key for key in job.keys if job.items[key[0]].is_video]
    wholes = [key for key in job.keys if key not in videos]
    if wholes:
        found.add(_fit_wholes(job, wholes))
    if videos:
        found.add(_fit_videos(job, videos))
    metadata = {
        "settings": dict(job.settings),
        "convention": CONVENTIONS[job.protocol],
        "versions": versions(),
        "schedules": found.schedules,
        **{name: _by_seed(getattr(found, name)) for name in ("finite", "frames", "noisy")},
    }
    with atomic_folder(output) as folder:
        write_history(folder / HISTORY, found.history)
        if found.predictors:
            write_fits(folder / PREDICTORS, found.predictors, metadata)
        write_fits(folder / FITS, found.groups, metadata)
    job.run.end()


def _fit_wholes(job: FitJob, keys: Sequence[Key]) -> Found:
    from isr.fitting import wholes

    if job.cell.fit == SPATIO_TEMPORAL:
        raise UserError(
            f"{keys[0][0]} is no video, but fit is {SPATIO_TEMPORAL}: take fit sequential."
        )
    return wholes.fit(job, keys)


def _fit_videos(job: FitJob, keys: Sequence[Key]) -> Found:
    from isr.fitting import frames, in_time, joint_frames

    match job.cell.fit:
        case "joint":
            return joint_frames.fit(job, keys)
        case "sequential":
            return frames.fit(job, keys)
    return in_time.fit(job, keys)


def _by_seed(values: Mapping[Key, Any]) -> dict[str, dict[str, Any]]:
    """What is known of fits, by seed and name."""
    found: dict[str, dict[str, Any]] = {}
    for (name, seed), value in values.items():
        found.setdefault(str(seed), {})[name] = value
    return found
