"""Studies of kind gallery: single pictures, each fitted with the shape that suits it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from isr.data.gallery import SCRIBBLED, WITH_THIRD
from isr.errors import UserError
from isr.protocols import CONVENTIONS
from isr.schema import suggest

Config = Mapping[str, Any]

_NEEDED = {
    "figure_2": ("periodic", "lattice_periodic"),
    "figure_14": ("path_connected",),
    "figure_16": ("path_connected",),
}
"""Constraints that the cases of a figure must have."""

_STEPS = 4
"""Every phase of a fit takes a step, and some shapes have so many."""

_USUAL = {"threshold": 0, "distance": "squared", "optimiser": "adam", "weight_decay": 1e-5}
"""What a case has, or the paper says, where nothing was set by hand."""

_OF_ONE_PICTURE = ("figure_2", "figure_4", "figure_7")
"""Figures that compare fits to one picture."""


def check(place: str, study: Config) -> None:
    """Check what a schema cannot: that the entries of a gallery fit together.

    Args:
        place: where the study stands in the configuration.
        study: of kind gallery, with defaults.

    Raises:
        UserError: an entry does not fit; the message names it.
    """
    for name, case in study["cases"].items():
        _check_case(f"{place}.cases.{name}", case)
    for name, figure in study["figures"].items():
        _check_figure(f"{place}.figures.{name}", figure, study["cases"])


def _check_case(place: str, case: Config) -> None:
    constraint, picture = case["constraint"], case["picture"]
    if case["threshold"] and constraint != "periodic":
        raise UserError(
            f"config: {place}.threshold is {case['threshold']}, but {constraint} has its "
            "foreground at levels up to 0; remove it, it is for periodic."
        )
    if isinstance(case["options"].get("order"), list):
        _check_orders(f"{place}.options.order", constraint, picture)
    if case["tv_weight"] and picture in SCRIBBLED:
        raise UserError(
            f"config: {place}.tv_weight is {case['tv_weight']}, but the picture {picture} has no "
            "unaries, which it is weighed against; remove it."
        )
    if case["connect"] and (constraint != "path_connected" or picture in WITH_THIRD):
        raise UserError(
            f"config: {place}.connect is true, but paths are drawn for path_connected in pictures "
            "without a third coordinate alone; set it to false."
        )


def _check_orders(place: str, constraint: str, picture: str) -> None:
    if constraint != "rotationally_symmetric":
        raise UserError(
            f"config: {place} is a list, which is for rotationally_symmetric, not {constraint}; "
            "give one number or remove it."
        )
    if picture in SCRIBBLED:
        raise UserError(
            f"config: {place} is a list, but the picture {picture} has no unaries to settle which; "
            "give one number."
        )


def check_steps(config: Config) -> None:
    """Check the steps of cases that take those of the whole.

    Raises:
        UserError: a case has too few.
    """
    for study_name, study in galleries(config).items():
        for name, case in study["cases"].items():
            if case["steps"] is None and config["steps"] < _STEPS:
                raise UserError(
                    f"config: steps is {config['steps']}, but studies.{study_name}.cases.{name} "
                    f"needs {_STEPS}; raise it, or give the case steps of its own."
                )


def _check_figure(place: str, figure: Config, cases: Config) -> None:
    kind = figure["kind"]
    for where, name in _named(place, figure):
        if name not in cases:
            raise UserError(f"config: {where} is {name!r}; {suggest(name, cases)}.")
        constraint = cases[name]["constraint"]
        needed = _NEEDED.get(kind, (constraint,))
        if constraint not in needed:
            raise UserError(
                f"config: {where} is {name!r}, which is {constraint}; {kind} needs a case that is "
                f"{' or '.join(needed)}."
            )
        if kind == "figure_7" and cases[name]["weight_decay"] is None:
            raise UserError(
                f"config: {where} is {name!r}, whose weight_decay is not given; give it, since "
                "figure_7 compares them."
            )
    _check_same(place, figure, cases)


def _check_same(place: str, figure: Config, cases: Config) -> None:
    if figure["kind"] not in _OF_ONE_PICTURE:
        return
    named = {cases[name]["picture"]: name for name in reversed(shown(figure))}
    if len(named) > 1:
        raise UserError(
            f"config: {place}.cases are of the pictures {', '.join(reversed(named))}; "
            f"{figure['kind']} compares cases of one."
        )


def _named(place: str, figure: Config) -> list[tuple[str, str]]:
    """Cases that a figure names, each with its place."""
    if "case" in figure:
        return [(f"{place}.case", figure["case"])]
    return [(f"{place}.cases[{index}]", name) for index, name in enumerate(figure["cases"])]


def shown(figure: Config) -> list[str]:
    """Names of the cases that a figure shows, in its order."""
    return [name for _, name in _named("", figure)]


def pictures(study: Config) -> list[str]:
    """Names of the pictures that a study needs, without repetition."""
    return list(dict.fromkeys(case["picture"] for case in study["cases"].values()))


def check_pictures(config: Config, names: Callable[[str], Sequence[str]]) -> None:
    """Check that the pictures of all galleries exist.

    Args:
        config: resolved.
        names: gives the names of the pictures of a source.

    Raises:
        UserError: there is no such picture.
    """
    for study_name, study in galleries(config).items():
        known = names(study["source"])
        for name, case in study["cases"].items():
            if case["picture"] not in known:
                raise UserError(
                    f"config: studies.{study_name}.cases.{name}.picture is {case['picture']!r}; "
                    f"{suggest(case['picture'], known)}."
                )


def galleries(config: Config) -> dict[str, Config]:
    """The studies of kind gallery by name."""
    return {name: each for name, each in config["studies"].items() if each["kind"] == "gallery"}


def settings(config: Config, study: str, case: str) -> dict[str, Any]:
    """What the fit of a case depends on."""
    entry = config["studies"][study]
    own = dict(entry["cases"][case])
    # How a mask is written must not redo the fit.
    del own["connect"]
    own["steps"] = config["steps"] if own["steps"] is None else own["steps"]
    return {
        "study": study,
        "case": case,
        "source": entry["source"],
        "protocol": config["protocol"],
        "convention": CONVENTIONS[config["protocol"]],
        **own,
    }


def by_hand(study: Config, case: str) -> dict[str, Any]:
    """The values of a case that were set by hand, as `by_hand` of its study tells.

    Args:
        study: of kind gallery, with defaults.
        case: name of one of its cases.
    """
    own = study["cases"][case]
    options = {f"options.{name}": value for name, value in own["options"].items()}
    given = {**own, **options}
    return {
        key: given[key]
        for key in study["by_hand"]
        if given.get(key) is not None and given[key] != _USUAL.get(key)
    }


def evaluation_settings(config: Config, study: str, case: str) -> dict[str, Any]:
    """What the evaluation of a case depends on."""
    connect = config["studies"][study]["cases"][case]["connect"]
    return {**settings(config, study, case), "connect": connect}
