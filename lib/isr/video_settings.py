"""What the jobs of a study of videos are told."""

from collections.abc import Mapping, Sequence
from typing import Any

from isr.parts import count, part_of
from isr.protocols import CONVENTIONS
from isr.video_axes import AXES, SPATIO_TEMPORAL, TRAININGS

Config = Mapping[str, Any]


def part_videos(config: Config, study: str, videos: Sequence[str]) -> list[list[str]]:
    """Share the videos of a cell out among its fit jobs.

    Args:
        config: resolved.
        study: name of the study.
        videos: names of all videos of the cell.

    Returns:
        One list of names per job.
    """
    own = config["studies"][study]["settings"]
    parts = count(len(videos), own.get("problems_per_job", config["problems_per_job"]))
    return [part_of(videos, part, parts) for part in range(parts)]


def prediction_settings(
    config: Config,
    dataset: str,
    predictor: str,
    labels: str,
    seed: int,
    training: str = TRAININGS[0],
) -> dict[str, Any]:
    """What a predictor's own training depends on, the same for every study that projects it.

    One that is trained on all videos of a data set together depends on them through its files.
    """
    return {
        "dataset": dataset,
        "labels": labels,
        "predictor": predictor,
        "predictor_options": config["predictors"][predictor],
        "training": training,
        "seed": seed,
        "protocol": config["protocol"],
        "convention": CONVENTIONS[config["protocol"]],
    }


def cell_settings(
    config: Config, study: str, cell: Config, name: str, videos: Sequence[str]
) -> dict[str, Any]:
    """What the fits of a cell depend on; what other kinds of fit depend on is left out.

    Args:
        config: resolved.
        study: name of the study.
        cell: values of AXES.
        name: of the cell's folder.
        videos: names of its videos.
    """
    entry = config["studies"][study]
    settings = prediction_settings(
        config,
        entry["dataset"],
        cell["predictor"],
        cell["labels"],
        cell["seed"],
        cell["training"],
    )
    descent = ("optimiser", "learning_rate")
    keys = {
        "sequential": ("first_steps", "next_steps", *descent),
        "joint": ("first_steps", "next_steps", "epochs", "joint_learning_rate", *descent),
        SPATIO_TEMPORAL: ("steps", *descent),
    }
    return {
        "study": study,
        "cell": name,
        "videos": list(videos),
        **settings,
        **{key: cell[key] for key in AXES},
        "options": entry["options"].get(cell["constraint"], {}),
        "points": entry["settings"]["points"],
        "stack_size": entry["settings"].get("stack_size", config["stack_size"]),
        **{key: entry[key] for key in keys[cell["fit"]]},
    }
