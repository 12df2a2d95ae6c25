"""What the fits of a cell are told: the keys of `settings`, `vary` and `cells` of a study.

One model for every kind of item and of fit; what does not concern a fit is left out of account.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import Field

from isr.constraints import NAMES
from isr.models import Model

Protocol = Literal["paper", "published-code"]
Fit = Literal["sequential", "joint", "spatio-temporal"]
Distance = Literal["squared", "absolute", "entropy"]
Labels = Literal["motion", "published", "auto", "simulated"]
Training = Literal["each", "together"]
OptimiserKind = Literal["adam", "adamax"]
ScheduleName = Literal["three-stage"]
Precision = Literal["fp32", "tf32"]
CorruptionName = Literal[
    "clean",
    "spatter",
    "contrast",
    "brightness",
    "impulse_noise",
    "shot_noise",
    "gaussian_noise",
    "defocus_blur",
    "glass_blur",
]
Features = Literal[
    "rgb", "xy", "semantic", "rgb+xy", "rgb+semantic", "xy+semantic", "rgb+xy+semantic"
]
if TYPE_CHECKING:
    ConstraintName = str
else:
    ConstraintName = Literal[NAMES]

SPATIO_TEMPORAL = "spatio-temporal"
"""The fit of one representation in (x, y, t) to a whole video."""
TOGETHER = "together"
"""One network that is trained on all videos of a data set."""
DISTANCES: tuple[Distance, ...] = get_args(Distance)
"""How far a representation is from unaries: the d of the paper's equation 9, the paper's first."""
CONVENTIONS = {"paper": "isotropic", "published-code": "linspace"}
"""The coordinates of each protocol."""

Count = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(gt=0, le=10)]
StackSize = Count | Literal["auto"]


class Points(Model):
    """Points drawn per step."""

    strokes: Annotated[int, Field(ge=2, le=10**7)] = Field(200, description="scribbled pixels")
    random: Annotated[int, Field(ge=2, le=10**7)] = Field(
        800, description="pixels of the whole item"
    )


class CellSettings(Model):
    """How the items of a cell are segmented."""

    items: Annotated[list[str | int], Field(min_length=1)] | None = Field(
        None, description="items of the data set; null: those of the study, else all"
    )
    constraint: ConstraintName = Field(
        "convex", description="shape that the representation guarantees"
    )
    options: dict[str, Any] = Field(
        {},
        description="of the representation, such as `width`; if `order` of a "
        "`rotationally_symmetric` shape is a list, given unaries settle which",
    )
    predictor: str = Field(
        "given",
        description="a name of `predictors`, or `given`: unaries that come with the items or, "
        "where there are none, their scribbles alone",
    )
    features: Features | None = Field(
        None,
        description="what a predictor that is trained on scribbles or computed sees of a pixel",
    )
    corruption: CorruptionName = Field(
        "clean",
        description="of the colours of pictures and volumes before any predictor sees them: those "
        "of Hendrycks & Dietterich (2019) at severity 5, drawn from `seed` and the item's name. "
        "Scribbles and ground truth stay",
    )
    labels: Labels = Field(
        "motion",
        description="what a `unet` learns from: `motion`: ours, from motion alone; `published`; "
        "`auto`: the published ones of a video where they can be had, else ours, and tables name "
        "them row by row; `simulated`: from ground truth, for tests",
    )
    training: Training = Field(
        "each",
        description="`each`: every video has a `unet` of its own; `together`: one is trained on "
        "all videos of the data set, whichever of them the study takes, and each video's joint fit "
        "tunes a copy of it",
    )
    fit: Fit = Field(
        "sequential",
        description="`sequential`: the predictor's unaries are projected, of a video frame by "
        "frame; `joint`: both are trained at once; of a video this goes on from the sequential fit "
        "with otherwise equal settings, which has to be in the study; `spatio-temporal`: one "
        "representation in (x, y, t) for a whole video",
    )
    distance: Distance = Field(
        "squared",
        description="from the unaries: `squared`, the paper's; `absolute`, which noise in some "
        "misleads less, but which may leave nothing of a small object (give it `object_weight` "
        "then); or the cross `entropy`. Joint fits take `squared`",
    )
    noise: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None,
        description="share of frames whose unaries are replaced by noise, for `spatio-temporal` "
        "alone; where it is given, if only as 0, the fit starts from the first and the last frame, "
        "which never are noise",
    )
    schedule: ScheduleName | None = Field(
        None,
        description="null: the usual one of the protocol; `three-stage`: the student report's, "
        "Adam at 0.0001 on the scribbles, from a tenth of the steps on also on a teacher's rounded "
        "predictions, from two thirds on on these unrounded. The teacher is the predictor of a "
        "`joint` fit; without one (`given`), the scribbles alone are fitted throughout",
    )
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = Field(
        42, description="of initial weights and drawn points"
    )
    steps: Annotated[int, Field(ge=4)] | None = Field(
        None, description="optimisation steps per item; null: those of the whole"
    )
    points: Points | None = Field(
        None,
        description="points per step, as of the whole; where there are no scribbles, or nothing "
        "else, all are drawn from what there is",
    )
    first_steps: Count = Field(
        5000,
        description="of a video frame by frame: steps of its first frame, a fifth of them on the "
        "base alone; also of a frame that is fitted again because its first fit failed",
    )
    next_steps: Count = Field(400, description="steps of each further frame, from the one before")
    epochs: Count = Field(15, description="times that a joint fit of a video sees every frame")
    joint_learning_rate: Rate | None = Field(
        None, description="of the UNet and the representations in joint fits; null: 0.0001"
    )
    learning_rate: Rate | None = Field(
        None,
        description="at the beginning, of projections; null: the usual one of the constraint; of "
        "path-connected regions in videos 0.001, the paper's. With few steps, `adam` at 0.004 "
        "follows the unaries better",
    )
    optimiser: OptimiserKind | None = Field(
        None,
        description="of the diffeomorphism of a path-connected region; other shapes take Adam; "
        "null: `adamax` for videos, as in the paper, else `adam`",
    )
    weight_decay: Weight | None = Field(
        None, description="on the diffeomorphism of a path-connected region; null: 1e-5"
    )
    object_weight: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="weight of the object's mean error against the background's; null: the mean "
        "over all pixels",
    )
    threshold: float = Field(
        0.0,
        description="level up to which a `periodic` function is foreground (it moves into the "
        "function's offset)",
    )
    regulariser_weight: Weight = Field(
        0.0, description="of what the representation penalises (amplitudes of waves)"
    )
    tv_weight: Weight = Field(
        0.0,
        description="of the total variation of the foreground probability (R of eq. 9), where "
        "there are unaries: a contour as long as the picture's longer side is worth this error "
        "over the square of that side. Takes specks away, 0.02 takes much; with too much an object "
        "vanishes",
    )
    overlap_weight: Weight = Field(1.0, description="of the overlap of the parts of a union")
    margin: Annotated[int, Field(ge=0, le=4096)] = Field(
        0,
        description="width of a margin of background round the frame, in pixels; masks, outlines "
        "and scores are of the picture without it",
    )
    scribbles: bool = Field(
        True,
        description="false: a projection follows the unaries alone (eq. 9) even where there are "
        "scribbles (eq. 15), which still seed or train the predictor",
    )
    alpha: Weight | None = Field(
        None,
        description="weight of the coupling of representation and predictor; null: 1. Alpha of "
        "eqs. 13 (joint) and 15 (sequential), and the beta of eqs. 10 to 12: eq. 13 is eq. 12 with "
        "the scribbles' entropies as loss, MSE as dist and a beta that is 0 at first, so one key "
        "stands for both (two would multiply). What eq. 13 itself calls beta and gamma are the "
        "gradient penalties of a `cnn`. Under `published-code`, a factor of the 100 of its "
        "sequential fits",
    )
    uncoupled: Annotated[float, Field(gt=0, le=0.5)] | None = Field(
        None,
        description="share of the steps in which alpha is 0; null: 200 of 3000, the paper's. "
        "Sequential path-connected fits follow the unaries from their first step under `paper`",
    )
    connect: bool = Field(
        False,
        description="true: the mask of a `path_connected` region, and its scores, with the "
        "connections drawn in that are thinner than a pixel; for items without a third coordinate. "
        "A change redoes no fit",
    )
    stack_size: StackSize | None = Field(
        None, description="problems that are optimised together; null: as of the whole"
    )
    problems_per_job: Count | None = Field(
        None, description="problems (items and seeds) of one fit job at most; null: as of the whole"
    )


VARIED = tuple(
    name
    for name in CellSettings.model_fields
    if name not in ("items", "options", "points", "stack_size", "problems_per_job", "connect")
)
"""Keys that a study can vary, in the order in which they name cells."""

EVALUATION = ("connect",)
"""Keys that concern no fit: a change redoes none."""
