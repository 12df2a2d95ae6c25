"""The constraints: one record each, which says everything about a constraint in one place.

A record names code by `module:attribute`, so that reading the records (as the workflow does to
check a configuration) imports nothing heavy, and what lies above this file can be named here.
"""

import inspect
import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from numbers import Integral
from typing import TYPE_CHECKING, Any

from isr.errors import UserError

if TYPE_CHECKING:
    from isr.representations import Representation


@dataclass(frozen=True)
class Constraint:
    """One constraint.

    Attributes:
        name: in configurations and files.
        module: the representation, a class whose first argument is the number of coordinates.
        words: its name in print.
        certificate: the function that proves the property of a stored representation: of
            (representation, scene, level, seed=).
        outline: the function that finds the outline of a region: of (representation, canvas,
            level), where levels are finite; None for one that cannot be found, or "" for all, trace
            the raster. So do those that have a pixel's centre on the wrong side.
        projections: names of the trivial projections for it, see `evaluation.baselines`.
        rate: factor of the learning rates, for shapes that those of a convex region are too large
            for.
        near: whether a fit starts round the unaries' foreground, so that it need not find it.
        bends: whether it is fitted through a diffeomorphism: first its base alone, then all.
        threshold: whether the foreground may be asked for at another level than 0.
        contradiction: whether it is known what a mask looks like that it cannot agree with.
        loses: why it loses against its unaries where it does, as far as that is known.
    """

    name: str
    module: str
    words: str
    certificate: str
    outline: str = ""
    projections: tuple[str, ...] = ()
    rate: float = 1.0
    near: bool = False
    bends: bool = False
    threshold: bool = False
    contradiction: bool = False
    loses: str = ""


CONSTRAINTS = (
    Constraint(
        "convex",
        "isr.representations.convex:Convex",
        "convex",
        "isr.evaluation.certificates.convexity:certify_convex",
        "isr.evaluation.outlines.dispatch:outline_of_convex",
        projections=("convex_hull", "convex_hull_largest"),
        near=True,
    ),
    Constraint(
        "star_shaped",
        "isr.representations.polar:StarShaped",
        "star-shaped",
        "isr.evaluation.certificates.star_shape:certify_star",
        "isr.evaluation.outlines.dispatch:outline_of_rays",
        projections=("ray_polygon",),
        rate=0.3,
    ),
    Constraint(
        "radially_connected",
        "isr.representations.polar:RadiallyConnected",
        "radially connected",
        "isr.evaluation.certificates.star_shape:certify_star",
        "isr.evaluation.outlines.dispatch:outline_of_rays",
        rate=0.3,
    ),
    Constraint(
        "path_connected",
        "isr.representations.path_connected:PathConnected",
        "path-connected",
        "isr.evaluation.certificates.path_connectedness:certify_path_connected",
        "isr.evaluation.outlines.dispatch:outline_of_flow",
        projections=("largest_component_filled",),
        rate=0.4,
        bends=True,
        contradiction=True,
    ),
    Constraint(
        "mirror_symmetric",
        "isr.representations.mirror_symmetric:MirrorSymmetric",
        "mirror-symmetric",
        "isr.evaluation.certificates.invariance:certify_mirror",
    ),
    Constraint(
        "rotationally_symmetric",
        "isr.representations.rotationally_symmetric:RotationallySymmetric",
        "rotationally symmetric",
        "isr.evaluation.certificates.invariance:certify_rotation",
    ),
    Constraint(
        "periodic",
        "isr.representations.periodic:Periodic",
        "periodic",
        "isr.evaluation.certificates.invariance:certify_periodic",
        threshold=True,
        loses="equation 8 has no period to keep: its free frequencies follow what hides the "
        "pattern too, and what brings hidden parts back, a penalty on the amplitudes or a "
        "threshold, costs the contours of those in sight",
    ),
    Constraint(
        "lattice_periodic",
        "isr.representations.periodic:LatticePeriodic",
        "lattice-periodic",
        "isr.evaluation.certificates.invariance:certify_lattice",
    ),
    Constraint(
        "union",
        "isr.representations.union:Union",
        "union",
        "isr.evaluation.certificates.union:certify_union",
        "isr.evaluation.outlines.dispatch:outline_of_union",
    ),
    Constraint(
        "unconstrained",
        "isr.representations.unconstrained:Unconstrained",
        "no constraint",
        "isr.evaluation.certificates.verdicts:certify_nothing",
    ),
)

NAMES = tuple(record.name for record in CONSTRAINTS)

_LEAST = {"width": 1, "hidden_layers": 0, "hidden_units": 1, "blocks": 1, "waves": 1}
"""The least value of options that count, which layers would take or refuse in their own words."""


def record(name: str) -> Constraint:
    """The record of a constraint.

    Raises:
        UserError: there is none of this name.
    """
    if name not in NAMES:
        raise UserError(f"constraint {name!r} is unknown: choose one of {', '.join(NAMES)}.")
    return CONSTRAINTS[NAMES.index(name)]


def words(name: str) -> str:
    """A constraint in print; a name that is unknown stands for itself."""
    return record(name).words if name in NAMES else name.replace("_", "-")


@cache
def load(place: str) -> Any:
    """What `module:attribute` names."""
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


def record_of(representation: "Representation") -> Constraint:
    """The record of a representation's constraint: of its own class, or the nearest above it.

    Raises:
        TypeError: no record has it.
    """
    for own in type(representation).__mro__:
        place = f"{own.__module__}:{own.__qualname__}"
        for each in CONSTRAINTS:
            if each.module == place:
                return each
    raise TypeError(f"no constraint has the representation {type(representation).__name__}")


def members(constraint: str, options: Mapping[str, Any]) -> Iterator[tuple[str, Constraint]]:
    """What a representation consists of: (name of the module inside, record) of each member.

    A union consists of its members, which may be unions; others of themselves alone.

    >>> [name for name, _ in members("union", {"member": "convex", "count": 2})]
    ['.members.0', '.members.1']
    """
    if constraint != "union":
        yield "", record(constraint)
        return
    own = options.get("members")
    if own is None:
        member = {"name": options.get("member", "convex"), "options": options.get("options", {})}
        own = [member] * options.get("count", 2)
    for number, member in enumerate(own):
        for inner, each in members(member["name"], member.get("options", {})):
            yield f".members.{number}{inner}", each


def build(name: str, dim: int = 2, **options: Any) -> "Representation":
    """Make the representation called `name` for points of `dim` coordinates.

    Raises:
        UserError: there is no such representation, it does not know one of the options, or one is
            outside its range.
    """
    builder = load(record(name).module)
    _check_counts(name, builder, options)
    try:
        built: Representation = builder(dim, **options)
    except UserError:
        raise
    # What layers and arrays raise for values that they cannot take; torch tells in many lines.
    except (TypeError, ValueError, LookupError, ArithmeticError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        given = ", ".join(f"{key}={reprlib.repr(value)}" for key, value in options.items())
        raise UserError(
            f"constraint {name!r} with options {given or 'left out'} cannot be made: {reason}; "
            "correct its options."
        ) from None
    built.about = {"name": name, "dim": dim, "options": options}
    return built


def _check_counts(
    name: str, builder: "Callable[..., Representation]", options: Mapping[str, Any]
) -> None:
    for key in options.keys() & _LEAST.keys() & inspect.signature(builder).parameters.keys():
        value, least = options[key], _LEAST[key]
        if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
            raise UserError(
                f"constraint {name!r}: option {key!r} is {value!r}; choose an integer from {least}."
            )
