"""How values are called in tables, figures and the report."""

from collections.abc import Iterable

_INPUTS = {"rgb": "RGB", "xy": "spatial"}
BASELINES = {
    "convex_hull": "hull of the predictor's mask",
    "convex_hull_largest": "hull of the predictor's largest part",
    "ray_polygon": "part of the predictor's mask seen from its centre",
    "largest_component_filled": "predictor's largest part, its holes filled",
}


def features(name: str) -> str:
    """Name of a feature set as the paper prints it, e.g. RGB+spatial."""
    return "+".join(_INPUTS.get(part, part) for part in name.split("+"))


def listing(items: Iterable[object]) -> str:
    """Join items as in a sentence: a, b and c."""
    words = [str(item) for item in items]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def count(number: int, noun: str) -> str:
    """A number with its noun in the right form: 1 picture, 2 pictures."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
