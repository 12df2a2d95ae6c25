"""The constraints: one record each, which says everything about a constraint in one place.

A record names code by `module:attribute`, so that reading the records (as the workflow does to
check a configuration) imports nothing heavy, and what lies above this file can be named here.
"""

import inspect
import math
import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from numbers import Integral, Real
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
        options: names of its options; None where that is not stated.
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
    options: tuple[str, ...] | None = None


CONSTRAINTS = (
    Constraint(
        "convex",
        "isr.representations.convex:Convex",
        "convex",
        "isr.evaluation.certificates.convexity:certify_convex",
        "isr.evaluation.outlines.dispatch:outline_of_convex",
        projections=("convex_hull", "convex_hull_largest"),
        near=True,
        options=("width", "hidden_layers"),
    ),
    Constraint(
        "star_shaped",
        "isr.representations.polar:StarShaped",
        "star-shaped",
        "isr.evaluation.certificates.star_shape:certify_star",
        "isr.evaluation.outlines.dispatch:outline_of_rays",
        projections=("ray_polygon",),
        rate=0.3,
        options=("width", "hidden_layers", "centre"),
    ),
    Constraint(
        "radially_connected",
        "isr.representations.polar:RadiallyConnected",
        "radially connected",
        "isr.evaluation.certificates.star_shape:certify_star",
        "isr.evaluation.outlines.dispatch:outline_of_rays",
        rate=0.3,
        options=("width", "hidden_layers", "centre", "origin"),
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
        options=("base", "base_options", "blocks", "hidden_units"),
    ),
    Constraint(
        "mirror_symmetric",
        "isr.representations.mirror_symmetric:MirrorSymmetric",
        "mirror-symmetric",
        "isr.evaluation.certificates.invariance:certify_mirror",
        options=("width", "hidden_layers", "centre", "angle"),
    ),
    Constraint(
        "rotationally_symmetric",
        "isr.representations.rotationally_symmetric:RotationallySymmetric",
        "rotationally symmetric",
        "isr.evaluation.certificates.invariance:certify_rotation",
        options=("order", "mirrors", "width", "hidden_layers", "centre", "angle", "tilt"),
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
        options=("waves", "frequency"),
    ),
    Constraint(
        "lattice_periodic",
        "isr.representations.periodic:LatticePeriodic",
        "lattice-periodic",
        "isr.evaluation.certificates.invariance:certify_lattice",
        options=("harmonics", "homography", "basis", "origin"),
    ),
    Constraint(
        "union",
        "isr.representations.union:Union",
        "union",
        "isr.evaluation.certificates.union:certify_union",
        "isr.evaluation.outlines.dispatch:outline_of_union",
        options=("members", "member", "count", "options"),
    ),
    Constraint(
        "unconstrained",
        "isr.representations.unconstrained:Unconstrained",
        "no constraint",
        "isr.evaluation.certificates.verdicts:certify_nothing",
        options=("width", "hidden_layers"),
    ),
)

NAMES = tuple(record.name for record in CONSTRAINTS)

_COUNTS = {
    "width": (1, 4096),
    "hidden_layers": (0, 16),
    "hidden_units": (1, 4096),
    "blocks": (1, 128),
    "waves": (1, 100_000),
    "harmonics": (1, 64),
    "count": (1, 254),
    "order": (2, 360),
}
"""The least and the greatest value of options that count: larger ones would fill any memory."""
_FLAGS = ("mirrors", "homography")
_NUMBERS = ("origin", "centre", "angle", "tilt", "basis", "frequency")
"""Options that are a finite number or lists of them; coordinates are of pictures 1 wide or high."""
_NESTED = {"base_options": "base", "options": "member"}
"""Options of what another option names."""


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
    from isr.torch_state import usual_state  # Loads PyTorch.

    builder = load(record(name).module)
    _check_values(name, builder, options)
    try:
        with usual_state():
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


def check_options(name: str, options: Mapping[str, Any], dim: int | None = None) -> None:
    """Check options of a constraint as far as that is possible without making it.

    Nothing heavy is imported, so that a configuration is refused before anything runs.

    Args:
        name: of the constraint.
        options: by their names.
        dim: number of coordinates, if it is known.

    Raises:
        UserError: one is unknown, not of its kind, not finite, or out of its range.
    """
    known = record(name).options
    for key, value in options.items():
        place = f"constraint {name!r}: option {key!r}"
        if known is not None and key not in known:
            raise UserError(f"{place} is unknown; choose one of {', '.join(known)}.")
        _check_option(place, key, value, dim)
    for key, owner in _NESTED.items():
        inner = options.get(key)
        of = options.get(owner, "convex")
        if inner and known is not None and key in known:
            check_options(of, inner, dim)
    for member in options.get("members") or ():
        if isinstance(member, Mapping) and "name" in member:
            check_options(member["name"], member.get("options") or {}, dim)


def _check_option(place: str, key: str, value: Any, dim: int | None) -> None:
    if value is None and key not in (*_COUNTS, *_FLAGS):
        return
    if key in _COUNTS:
        least, most = _COUNTS[key]
        # Of several orders, given unaries settle which.
        each = value if key == "order" and isinstance(value, list) and value else [value]
        if not all(_is_count(one, least, most) for one in each):
            raise UserError(
                f"{place} is {value!r}; choose an integer from {least} (to {most} at most)."
            )
    if key in _FLAGS and not isinstance(value, bool):
        raise UserError(f"{place} is {value!r}; choose true or false.")
    if key in _NUMBERS and not _is_finite(value):
        raise UserError(f"{place} is {value!r}; it must be of finite numbers.")
    if key in ("centre", "basis") and dim is not None:
        length = len(value) if isinstance(value, list | tuple) else 1
        if length != dim:
            raise UserError(f"{place} has {length} entries; give {dim}, one per coordinate.")
    if key in _NESTED and not isinstance(value, Mapping):
        raise UserError(f"{place} is {value!r}; it must be a mapping of options.")
    if key in ("base", "member"):
        record(value if isinstance(value, str) else repr(value))
    if key == "members" and (not isinstance(value, list | tuple) or not value):
        raise UserError(f"{place} is {value!r}; it must be a list of members, one or more.")


def _is_count(value: Any, least: int, most: int) -> bool:
    return (
        isinstance(value, Integral) and not isinstance(value, bool) and least <= int(value) <= most
    )


def _is_finite(value: Any) -> bool:
    """Whether a value is a finite number, or a list of such or of such lists."""
    if isinstance(value, Mapping | str | bool):
        return False
    if isinstance(value, Real):
        return math.isfinite(value)
    try:
        return all(map(_is_finite, value))
    except TypeError:
        return False


def _check_values(
    name: str, builder: "Callable[..., Representation]", options: Mapping[str, Any]
) -> None:
    """Check the values of the options that a representation knows; it refuses others itself."""
    known = inspect.signature(builder).parameters.keys()
    for key in options.keys() & known:
        if key != "members":
            _check_option(f"constraint {name!r}: option {key!r}", key, options[key], None)
