"""The columns of metrics.csv and certificates.csv: numbers and names, whatever the items are."""

from typing import Any

Row = dict[str, Any]

ALL_OBJECTS = "all"
"""What the column `object` holds for all objects of an item together."""
GROUND_TRUTH, UNARIES, SCRIBBLES = "ground truth", "unaries", "scribbles"
"""What outputs are compared `against`."""

AXES = (
    *("study", "cell", "dataset", "constraint", "predictor", "features", "corruption", "labels"),
    *("training", "fit", "distance", "noise", "seed"),
)
"""What a cell is of; an axis that has no meaning for it is empty."""

RECIPE = (
    *(
        "protocol",
        "schedule",
        "scale",
        "width",
        "steps",
        "first_steps",
        "next_steps",
        "epochs",
        "points",
    ),
    *("optimiser", "rate", "semantic"),
)
"""How its numbers were made; the schedule is empty where it is the protocol's.

`rate` is the learning rate of the representations when the cell's own fit began.
"""

ORIGIN = ("labels_kind", "weights", "scored_object", "object_sure", "labels_follow")
"""Of videos: which labels and which network made the numbers, and of which object they are."""

PLACE = ("item", "frame", "object", "objects", "output", "against")
SCORES = ("iou", "accuracy", "scored_pixels", "overlap")
FITTED = ("status", "agreement", "finite", "noisy", "annotated")
"""What became of the fit (see `isr.fitting.engine.attempts`), and its IoU with the thresholded
unaries or the scribbles that it was fitted to, whichever is less."""
SHAPES = (
    *("truth_components", "truth_holes", "unaries_components", "unaries_holes", "contradicted"),
    "published_rule",
)
"""What the ground truth and the unaries of a frame say of the object's shape, and whether the
published code would score the frame."""

NON_CONVEXITY = (
    *("violating_pairs", "hull_background"),
    *("unaries_violating_pairs", "unaries_hull_background"),
)
"""How far an output and the unaries are from convex, where a cell is about that: see
`isr.evaluation.violations`."""

COLUMNS = (
    *(*AXES, *RECIPE, *ORIGIN, *PLACE, *SCORES, *FITTED, *SHAPES),
    *NON_CONVEXITY,
)
FLAGS = ("finite", "noisy", "annotated", "contradicted", "published_rule")
"""Columns that hold True or False, or nothing where that is not known."""
TEXTS = (
    *("study", "cell", "dataset", "constraint", "predictor", "features", "corruption", "labels"),
    *("training", "fit", "distance", "protocol", "schedule", "optimiser", "semantic"),
    *("labels_kind", "weights"),
    *("labels_follow", "item", "object", "output", "against", "status"),
    *("fit_of", "property", "method", "verdict", "sentence"),
)
"""Columns that hold names and other text, whatever they look like: an item may be called NA."""
NUMBERS = ("noise", "seed", "frame", "steps", *SCORES, "margin")
"""Columns that hold numbers, as far as they are there."""
CERTIFICATE_COLUMNS = (
    *AXES,
    *("item", "frame", "fit_of"),
    *("property", "method", "margin", "holds", "verdict", "sentence"),
)
