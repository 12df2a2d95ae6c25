"""How the columns and values of results are called in tables, figures and the report."""

import re
from collections.abc import Iterable, Mapping

from isr import constraints
from isr.predictors import Given, PredictorKind, kind_named
from isr.settings import VARIED

BASELINES = {
    "convex_hull": "hull of the predictor's mask",
    "convex_hull_largest": "hull of the predictor's largest part",
    "ray_polygon": "part of the predictor's mask seen from its centre",
    "largest_component_filled": "predictor's largest part, its holes filled",
}
_INPUTS = {"rgb": "RGB", "xy": "spatial"}
_AXIS = re.compile(rf"(?:^|_)({'|'.join(sorted(VARIED, key=len, reverse=True))})~")


def predictor(predictors: Mapping[str, PredictorKind], name: str) -> str:
    """A predictor in print: its kind, and its own name where several are of that kind.

    Args:
        predictors: of a study, by name.
        name: of one of them, or of a kind.
    """
    kind = kind_named(name)
    if name not in predictors:
        return name if kind is None else kind.title
    title = predictors[name].title
    alike = [other for other, each in predictors.items() if each.title == title]
    return title if len(alike) == 1 else f"{title} ({name})"


def mask_of(title: str) -> str:
    """The mask of a predictor by its name in print; those that came with the items are given.

    >>> mask_of("GrabCut"), mask_of("unaries")
    ("GrabCut's mask", 'given mask')
    """
    return "given mask" if title == Given.title else f"{title}'s mask"


def features(name: str) -> str:
    """A set of features as the paper prints it, e.g. RGB+spatial."""
    return "+".join(_INPUTS.get(part, part) for part in name.split("+"))


def seen(own_features: str, labels: str) -> str:
    """What a predictor sees or learns from, beside the colours: "" for nothing to choose."""
    return features(own_features) if own_features else f"{labels} labels" if labels else ""


def fit(name: str) -> str:
    """A kind of fit as the paper's Table 1 prints it."""
    return {"sequential": "seq."}.get(name, name)


def output(name: str, constraint: str) -> str:
    """A scored output; a representation is called by its constraint."""
    if name == "representation":
        return constraints.words(constraint)
    return BASELINES.get(name, name.replace("_", " "))


def distance(name: str) -> str:
    """How far a fit is from its unaries, in print."""
    return {"entropy": "cross entropy"}.get(name, f"{name} distance")


def corruption(name: str) -> str:
    """What happened to the colours, in print.

    >>> corruption("gaussian_noise")
    'Gaussian noise'
    """
    return name.replace("_", " ").replace("gaussian", "Gaussian")


def share(value: float) -> str:
    """A share of frames in print.

    >>> share(0.2)
    '20 %'
    """
    return f"{100 * value:.0f} %"


def cell(name: str) -> str:
    """A cell in print: its own name, or its values on the axes that vary.

    >>> cell("constraint~path_connected_fit~joint_seed~42")
    'path-connected, joint, seed 42'
    >>> cell("predictor~grabcut_scribbles~False")
    'grabcut, unaries alone'
    >>> cell("horse-strong")
    'horse-strong'
    """
    first, *pairs = _AXIS.split(name)
    values = [axis_value(axis, value) for axis, value in zip(pairs[::2], pairs[1::2], strict=True)]
    return ", ".join(filter(None, [first, *values]))


def axis_value(axis: str, value: str) -> str:
    """The value of a cell on an axis in print, e.g. "seed 42"; a constraint by its words."""
    if axis == "constraint":
        return constraints.words(value)
    if axis == "corruption":
        return corruption(value)
    if axis == "scribbles":
        return {"True": "unaries and scribbles", "False": "unaries alone"}[value]
    named = axis in ("predictor", "features", "fit", "optimiser", "training")
    return value if named else f"{axis.replace('_', ' ')} {value}"


def listing(items: Iterable[object]) -> str:
    """Join items as in a sentence: a, b and c."""
    words = [str(item) for item in items]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def of_each(having: Mapping[str, Iterable[object]]) -> str:
    """What all share said once; of several things, each with those that have it.

    >>> of_each({"Adam": ["a", "b"]}), of_each({"Adam": ["a", "b"], "Adamax": ["c"]})
    ('Adam', 'Adam (a and b) and Adamax (c)')
    """
    if len(having) == 1:
        return next(iter(having))
    return listing(f"{text} ({listing(who)})" for text, who in having.items())


def count(number: int, noun: str) -> str:
    """A number with its noun in the right form: 1 picture, 2 pictures."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def number(value: float) -> str:
    """A number in print: whole ones with their thousands apart.

    >>> number(5000.0), number(0.25)
    ('5,000', '0.25')
    """
    return f"{value:,.0f}" if value == round(value) else f"{value:g}"


def numbers(values: Iterable[float]) -> str:
    """The different numbers of a column, ascending, as in a sentence; nothing for unknown ones."""
    return listing(number(value) for value in sorted({float(v) for v in values if v == v}))


def seeds(values: Iterable[int]) -> str:
    """Seeds in print: seeds 42 and 47."""
    found = sorted({int(seed) for seed in values})
    return f"seed{'' if len(found) == 1 else 's'} {listing(found)}"
