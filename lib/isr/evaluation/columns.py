"""The columns of metrics.csv and certificates.csv: numbers and names, whatever the items are."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from isr.data.items import Item
from isr.evaluation.certificates import Certificate
from isr.predictors import Trained
from isr.predictors.base import is_framewise

if TYPE_CHECKING:
    from isr.evaluation.evaluate import EvaluateJob

Row = dict[str, Any]

ALL_OBJECTS = "all"
"""What the column `object` holds for all objects of an item together."""
GROUND_TRUTH, UNARIES, SCRIBBLES = "ground truth", "unaries", "scribbles"
"""What outputs are compared `against`."""

AXES = (
    *("study", "cell", "dataset", "constraint", "predictor", "features", "labels", "training"),
    *("fit", "distance", "noise", "seed"),
)
"""What a cell is of; an axis that has no meaning for it is empty."""

RECIPE = (
    *("protocol", "scale", "width", "steps", "first_steps", "next_steps", "epochs", "points"),
    *("optimiser", "rate", "semantic"),
)
"""How its numbers were made.

`rate` is the learning rate of the representations when the cell's own fit began.
"""

ORIGIN = ("labels_kind", "weights", "scored_object", "object_sure", "labels_follow")
"""Of videos: which labels and which network made the numbers, and of which object they are."""

PLACE = ("item", "frame", "object", "objects", "output", "against")
SCORES = ("iou", "accuracy", "scored_pixels", "overlap")
FITTED = ("status", "finite", "noisy", "annotated")
SHAPES = (
    *("truth_components", "truth_holes", "unaries_components", "unaries_holes", "contradicted"),
    "published_rule",
)
"""What the ground truth and the unaries of a frame say of the object's shape, and whether the
published code would score the frame."""

COLUMNS = (*AXES, *RECIPE, *ORIGIN, *PLACE, *SCORES, *FITTED, *SHAPES)
CERTIFICATE_COLUMNS = (
    *AXES,
    *("item", "frame", "fit_of"),
    *Certificate.__dataclass_fields__,
)


def axes_of(job: "EvaluateJob") -> Row:
    """What a cell is of."""
    told, cell, predictor = job.settings, job.cell, job.predictor
    on_labels = predictor.input == "labels"
    return {
        "study": told["study"],
        "cell": told["cell"],
        "dataset": told["dataset"],
        "constraint": cell.constraint,
        "predictor": told["name"],
        "features": cell.features if predictor.input == "features" else None,
        "labels": cell.labels if on_labels else None,
        "training": cell.training if on_labels else None,
        "fit": cell.fit,
        "distance": cell.distance,
        "noise": cell.noise,
        "seed": job.seed,
    }


def recipe_of(job: "EvaluateJob", item: Item) -> Row:
    """How the numbers of an item of a cell were made."""
    cell, predictor = job.cell, job.predictor
    framewise = is_framewise(cell, item.is_video)
    joint, points = framewise and cell.fit == "joint", cell.points
    return {
        "protocol": job.protocol,
        "scale": predictor.scale,
        "width": predictor.options().get("width") if isinstance(predictor, Trained) else None,
        "steps": None if framewise else cell.steps,
        "first_steps": cell.first_steps if framewise else None,
        "next_steps": cell.next_steps if framewise else None,
        "epochs": cell.epochs if joint else None,
        "points": None if points is None else points.strokes + points.random,
        **_descent(job, item),
        "semantic": job.semantic_source or None,
    }


def _descent(job: "EvaluateJob", item: Item) -> Row:
    """The optimiser at the end of a fit, and the learning rate at its beginning."""
    schedules: Mapping[str, Any] = job.fits_of(item.name).metadata["schedules"]
    phases = [
        phase
        for name, each in schedules.items()
        if name.startswith("stack ") != item.is_video
        for phase in each
    ]
    if not phases:
        return {}
    return {"optimiser": phases[-1]["optimiser"], "rate": phases[0]["learning_rate"]}
