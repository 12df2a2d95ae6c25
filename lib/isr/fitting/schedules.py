"""The schedules of the paper and of its published code: which phases a fit consists of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from isr.fitting.engine.queue import Phase, Schedule
from isr.settings import OptimiserKind, Protocol

# Names of loss terms, as schedules weight them and histories record them.
PREDICTOR_SCRIBBLES = "predictor_scribbles"
REPRESENTATION_SCRIBBLES = "representation_scribbles"
COUPLING = "coupling"
BINARISED_COUPLING = "binarised_coupling"
UNARIES_ENTROPY = "unaries_entropy"
ABSOLUTE_DISTANCE = "absolute_distance"
COLOUR_GRADIENT = "colour_gradient"
POSITION_GRADIENT = "position_gradient"
OVERLAP = "overlap"
REGULARISER = "regulariser"
TOTAL_VARIATION = "total_variation"


# The paper's section B.2: 200 of 3,000 steps without coupling; gradient penalties of 0.01.
_STEPS, _ALONE, _SETTLING = 3000.0, 200.0, 600.0
UNCOUPLED = _ALONE / _STEPS
"""Share of the steps of a fit with scribbles before alpha of eqs. 13 and 15 counts."""
_PENALTIES = {COLOUR_GRADIENT: 0.01, POSITION_GRADIENT: 0.01}


def predictor_schedule() -> Schedule:
    """Training of the predictor alone (eq. 14): Adam at 0.02 throughout."""
    return (Phase(1.0, 0.02, {PREDICTOR_SCRIBBLES: 1.0, **_PENALTIES}),)


def projection_schedule(
    learning_rate: float = 0.02,
    *,
    evidence: str = COUPLING,
    extra: Mapping[str, float] | None = None,
    alpha: float = 1.0,
    uncoupled: float = UNCOUPLED,
) -> Schedule:
    """Projection of given unaries with scribbles (eq. 15): alpha 0, then 1; Adam at 0.02.

    The paper keeps the rate to the end, over whole pictures. Steps of drawn points would end in
    their sampling noise at that rate, so the last fifth runs at a tenth of it: the agreement with
    the unaries is then that of many more points a step at the constant rate.

    Args:
        learning_rate: until the last fifth.
        evidence: how unaries are followed: the name of a term.
        extra: weights of further terms, such as the regulariser, in all phases.
        alpha: weight of the unaries after the first phase.
        uncoupled: share of the first phase, in which it is 0.
    """
    scribbles = {REPRESENTATION_SCRIBBLES: 1.0, **(extra or {})}
    together = {**scribbles, evidence: alpha}
    alone = _STEPS * uncoupled
    return (
        Phase(alone, learning_rate, scribbles),
        Phase(_STEPS - alone - _SETTLING, learning_rate, together),
        Phase(_SETTLING, 0.1 * learning_rate, together),
    )


def joint_schedule(
    protocol: Protocol = "paper",
    *,
    representation_rate: float = 1.0,
    extra: Mapping[str, float] | None = None,
    alpha: float = 1.0,
    uncoupled: float = UNCOUPLED,
) -> Schedule:
    """Joint training (eq. 13): alpha 0 at rate 0.02, then alpha 1 at 0.002.

    The published code lowers the rate to 0.001 instead.

    Args:
        protocol: whose.
        representation_rate: factor of the representation's learning rates.
        extra: weights of further terms in all phases, such as the overlap of a union's parts.
        alpha: weight of the coupling after the first phase: the beta of eqs. 10 to 12.
        uncoupled: share of the first phase, in which it is 0.
    """
    alone = {
        PREDICTOR_SCRIBBLES: 1.0,
        REPRESENTATION_SCRIBBLES: 1.0,
        **_PENALTIES,
        **(extra or {}),
    }
    later_rate = 0.002 if protocol == "paper" else 0.001
    scale = {} if representation_rate == 1.0 else {"representation": representation_rate}
    first = _STEPS * uncoupled
    together = {**alone, COUPLING: alpha}
    return (
        Phase(first, 0.02, alone, learning_rate_scale=scale),
        Phase(_STEPS - first, later_rate, together, learning_rate_scale=scale),
    )


def concurrent_schedule(*, alpha: float = 1.0, uncoupled: float = UNCOUPLED) -> Schedule:
    """The published code's sequential training: both at once, coupled by binarised predictions.

    After the first phase the loss is 0.1 times the scribble terms and penalties plus 100 times the
    squared distance to the thresholded, detached prediction; the learning rate stays.

    Args:
        alpha: factor of that 100.
        uncoupled: share of the first phase.
    """
    alone = {PREDICTOR_SCRIBBLES: 1.0, REPRESENTATION_SCRIBBLES: 1.0, **_PENALTIES}
    together = {name: 0.1 * weight for name, weight in alone.items()}
    first = _STEPS * uncoupled
    return (
        Phase(first, 0.02, alone),
        Phase(_STEPS - first, 0.02, {**together, BINARISED_COUPLING: 100.0 * alpha}),
    )


def unaries_schedule(
    learning_rate: float = 0.01,
    *,
    evidence: str = COUPLING,
    extra: Mapping[str, float] | None = None,
) -> Schedule:
    """Fit to unaries alone (eq. 9): cross entropy first, then a distance at falling rates.

    Squared distances from the start would first make everything background where the object is
    small, and a region that has vanished has hardly a gradient to come back by. The rates fall
    because drawn points leave their sampling noise in the result.

    Args:
        learning_rate: at the beginning.
        evidence: what is fitted after the first part: the name of a term of unaries.
        extra: weights of further terms, such as the regulariser, in all phases.
    """
    more = dict(extra or {})
    fine = {evidence: 1.0, **more}
    return (
        Phase(2.0, learning_rate, {UNARIES_ENTROPY: 1.0, **more}),
        Phase(0.6, 0.5 * learning_rate, fine),
        Phase(0.6, 0.2 * learning_rate, fine),
        Phase(0.6, 0.05 * learning_rate, fine),
    )


def near_schedule(
    learning_rate: float = 0.01,
    *,
    evidence: str = COUPLING,
    extra: Mapping[str, float] | None = None,
) -> Schedule:
    """Fit to unaries alone of a shape that starts round them: the distance, at falling rates.

    A little cross entropy in the first part keeps regions of which most is background, such as the
    hull of something thin, from vanishing.

    Args:
        learning_rate: at the beginning.
        evidence: what is fitted: the name of a term of unaries.
        extra: weights of further terms, such as the regulariser, in all phases.
    """
    fine = {evidence: 1.0, **(extra or {})}
    return (
        Phase(1.0, learning_rate, {UNARIES_ENTROPY: 0.03, **fine}),
        Phase(1.0, 0.5 * learning_rate, fine),
        Phase(1.0, 0.05 * learning_rate, fine),
    )


def scribbles_schedule(
    learning_rate: float = 0.01, *, extra: Mapping[str, float] | None = None
) -> Schedule:
    """Fit to scribbles alone (the paper's figure 4): their cross entropy, at falling rates."""
    terms = {REPRESENTATION_SCRIBBLES: 1.0, **(extra or {})}
    return (Phase(4.0, learning_rate, terms), Phase(1.0, 0.1 * learning_rate, terms))


def path_connected_schedule(
    weight_decay: float = 1e-5,
    *,
    learning_rate: float = 1e-3,
    optimiser: OptimiserKind = "adamax",
    evidence: str = COUPLING,
    extra: Mapping[str, float] | None = None,
    alpha: float = 1.0,
    groups: Sequence[str] = ("representation",),
    protocol: Protocol = "paper",
) -> Schedule:
    """Fit through a diffeomorphism (section C.2): first its base alone, then all by Adamax.

    1,000 of 5,000 steps go to the base. In our protocol it sees the cross entropy, for the reason
    given in `unaries_schedule`, and the last fifth of the others runs at a tenth of the rate; the
    published code takes the squared distance, 200 of 4,200 steps for the base, and halves the rate
    after 200 steps without improvement.

    Args:
        weight_decay: on the diffeomorphism: the larger, the closer to the base's own shape.
        learning_rate: until the last fifth; the base keeps to 1e-3 once the diffeomorphism moves.
        optimiser: of the diffeomorphism and its base together.
        evidence: what is fitted: the name of a term of unaries or scribbles.
        extra: weights of further terms in all phases.
        alpha: weight of what is fitted, against these.
        groups: names of the path-connected modules: the representation or members of a union.
        protocol: whose.
    """
    still = {f"{group}.{part}": 0.0 for group in groups for part in ("linear", "flow")}
    decay = {f"{group}.flow": weight_decay for group in groups}
    more = dict(extra or {})
    fine = {evidence: alpha, **more}
    rate = learning_rate
    if protocol == "published-code":
        return (
            Phase(200, rate, fine, learning_rate_scale=still),
            Phase(4000, rate, fine, "adamax", weight_decay=decay, restart=True, plateau=200),
        )
    far = evidence in (COUPLING, ABSOLUTE_DISTANCE)
    coarse = {UNARIES_ENTROPY: alpha, **more} if far else fine
    # Adamax begins with full steps of all weights: a fast base would jump out of the picture.
    together = Phase(
        3200,
        rate,
        fine,
        optimiser,
        learning_rate_scale={f"{group}.base": min(1.0, 1e-3 / rate) for group in groups},
        weight_decay=decay,
        restart=True,
    )
    return (
        Phase(1000, rate, coarse, learning_rate_scale=still),
        together,
        replace(together, share=800, learning_rate=0.1 * rate, restart=False),
    )
