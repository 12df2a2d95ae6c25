"""What a cell of videos is evaluated from: its settings, and where its files lie."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isr.data.videos import Video
from isr.data.weak_labels.foreground import foreground_of, scored
from isr.data.weak_labels.store import label_kind
from isr.distances import DISTANCES
from isr.errors import UserError
from isr.fitting.labelled_video import predict_video
from isr.fitting.store import read_fits, read_metadata
from isr.fitting.video_folder import VideoFolder
from isr.video_axes import AXES, SPATIO_TEMPORAL, TRAININGS

COLUMNS = ("study", "dataset", *AXES)

_REQUIRED = (
    *("study", "cell", "dataset", "videos", "labels", "predictor", "predictor_options"),
    *("fit", "seed", "protocol", "points"),
)
_STEPS = {
    "sequential": ("first_steps", "next_steps"),
    "joint": ("first_steps", "next_steps", "epochs"),
    SPATIO_TEMPORAL: ("steps",),
}
"""What says how long each kind of fit took."""


@dataclass(frozen=True)
class VideoCell:
    """What a cell's evaluation reads beside its fits.

    Attributes:
        settings: of the cell.
        videos: folder that holds the videos' folders.
        labels: folder that holds those of their weak labels.
        predictions: folder that holds those of their predictions.
        predictors: folders that hold VIDEO.safetensors, of a joint cell: one per part.

    Raises:
        UserError: the settings lack a key, or know no such fit.
    """

    settings: Mapping[str, Any]
    videos: Path
    labels: Path
    predictions: Path
    predictors: Sequence[Path] = ()

    def __post_init__(self) -> None:
        _check(self.settings)

    @property
    def folder(self) -> VideoFolder:
        """Its videos, with the stored predictions."""
        return VideoFolder(self.videos, self.predictions, self.settings)

    @property
    def is_spatio_temporal(self) -> bool:
        """Whether one representation in (x, y, t) stands for all frames of a video."""
        return bool(self.settings["fit"] == SPATIO_TEMPORAL)

    @property
    def constraint(self) -> str:
        """Of the representations."""
        return str(self.settings.get("constraint", "path_connected"))

    def axes(self) -> dict[str, Any]:
        """What tells the cell from the others."""
        known = {
            "training": TRAININGS[0],
            "constraint": self.constraint,
            "distance": DISTANCES[0],
            "noise": 0.0,
        }
        return {axis: self.settings.get(axis, known.get(axis)) for axis in COLUMNS}

    def about(self, made: Mapping[str, Any]) -> dict[str, Any]:
        """How its numbers were made.

        Args:
            made: the settings that are stored with the fits.
        """
        options = self.settings["predictor_options"]
        return {
            **self.axes(),
            "protocol": self.settings["protocol"],
            "scale": options.get("scale", 1.0),
            "width": options.get("width"),
            "steps": steps_of(made),
            "points": made["points"],
        }

    def origin(self, video: str) -> dict[str, Any]:
        """Which labels and which network made the numbers of a video, and of which object.

        Returns:
            labels_kind and weights (what was taken), and where frames are annotated scored_object
            (its number), labels_follow ("" if it is that object, else what) and object_sure
            (whether no other can be meant).

        Raises:
            UserError: the labels, or a network that was to be chosen, are missing or damaged.
        """
        about = label_kind(self.labels / video)
        taken = self.settings["predictor_options"].get("weights", "trained")
        if taken == "auto":
            stored = read_metadata(self.predictions / video / "predictor.safetensors")
            taken = stored.get("weights", "trained")
        found = foreground_of(about)
        return {
            "labels_kind": about["kind"],
            "weights": taken,
            "scored_object": None if found is None else found.object,
            "object_sure": None if found is None else found.is_sure,
            "labels_follow": "" if found is None else found.follow,
        }

    def video(self, name: str) -> Video:
        """A video, with the ground truth of the object that it is scored by."""
        return scored(self.folder.video(name), label_kind(self.labels / name))

    def unaries(self, video: Video) -> Iterator[NDArray[np.float32]]:
        """The cell's unaries (h, w) of every frame, in order: tuned ones of a joint cell.

        Raises:
            UserError: no folder has the tuned predictor of the video.
        """
        if self.settings["fit"] != "joint":
            return self.folder.clean_unaries(video.name)
        found = [folder / f"{video.name}.safetensors" for folder in self.predictors]
        path = next((path for path in found if path.exists()), None)
        if path is None:
            raise UserError(
                f"--predictors holds no {video.name}.safetensors: give the folders of all parts."
            )
        return predict_video(read_fits(path).predictor(video.name), video, self.folder.scale)


def _check(settings: Mapping[str, Any]) -> None:
    fit = settings.get("fit")
    if "fit" in settings and fit not in _STEPS:
        kinds = ", ".join(_STEPS)
        raise UserError(f"--settings: fit {fit!r} is unknown: use one of {kinds}.")
    required = (*_REQUIRED, *_STEPS.get(str(fit), ()))
    missing = [key for key in required if key not in settings]
    if missing:
        raise UserError(f"--settings lacks {', '.join(missing)}: give what the cell was fitted by.")


def steps_of(settings: Mapping[str, Any]) -> str:
    """How long the representations of a cell were optimised: first frame, next frames, jointly."""
    if settings["fit"] == SPATIO_TEMPORAL:
        return f"{settings['steps']}{_descent(settings)}"
    words = f"{settings['first_steps']}, then {settings['next_steps']}{_descent(settings)}"
    if settings["fit"] != "joint":
        return words
    rate = settings.get("joint_learning_rate")
    epochs = "1 epoch" if settings["epochs"] == 1 else f"{settings['epochs']} epochs"
    return f"{words}, then {epochs}" + (f" (at {rate})" if rate else "")


def _descent(settings: Mapping[str, Any]) -> str:
    """The optimiser, where it is not the paper's."""
    kind, rate = settings.get("optimiser") or "adamax", settings.get("learning_rate")
    if settings.get("constraint", "path_connected") != "path_connected":
        kind = "adam"
    elif settings.get("protocol") == "published-code":
        kind = "adamax"
    if kind == "adamax" and rate is None:
        return ""
    return f" ({kind.capitalize()} at {rate or 'the usual rate'})"
