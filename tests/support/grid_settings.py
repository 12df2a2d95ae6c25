"""What a job on a cell of a grid is told, for tests."""

from typing import Any


def grid_settings(**changed: Any) -> dict[str, Any]:
    """Settings of a sequential cell of an FCN and a convex region, but for what is `changed`."""
    return {
        "study": "s",
        "cell": "c",
        "dataset": "d",
        "constraint": "convex",
        "predictor": "fcn",
        "predictor_options": {"kind": "fcn", "scale": 1.0},
        "features": "rgb+xy",
        "fit": "sequential",
        "seed": 3,
        "protocol": "paper",
        "convention": "isotropic",
        "steps": 120,
        "points": {"strokes": 20, "random": 60},
        "stack_size": 1,
        **changed,
    }
