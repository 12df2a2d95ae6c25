"""A configuration of a run of seconds that has every part, and the cells that it makes."""

from configurations import shipped

_DEMO = shipped()["studies"]


def _only(study, part, **entries):
    """Entries of a part of a study of the demo in place of all that it has."""
    return {**dict.fromkeys(_DEMO[study].get(part, {})), **entries}


_CELL = {"predictor": "fcn", "features": "rgb+semantic", "constraint": "convex"}
TINY = {
    "steps": 240,
    "datasets": {
        "embedded": {"items": ["coffee", "retina"], "long_side": 96},
        "drawn": {"frames": 4, "long_side": 48},
    },
    "predictors": {"unet": {"width": 4, "epochs": 3, "min_steps": 60}},
    "studies": {
        "peers": None,
        "convexity": {
            "vary": None,
            "cells": {
                "fcn": _CELL,
                "fcn-joint": {**_CELL, "fit": "joint"},
                "cnn-joint": {
                    "predictor": "cnn",
                    "features": "rgb+xy",
                    "constraint": "convex",
                    "fit": "joint",
                },
            },
            "figures": {
                "figure_5": {"items": ["coffee", "retina"]},
                "figure_9a": {"cell": "fcn-joint"},
                "figure_12": {"items": ["coffee", "retina"], "cell": "fcn"},
            },
        },
        "corruptions": {
            "items": ["coffee"],
            "settings": {"steps": 60},
            "vary": None,
            "cells": {
                "whole": {"predictor": "grabcut"},
                "noisy": {"predictor": "grabcut", "corruption": "gaussian_noise"},
            },
        },
        "gallery": {
            "cells": _only(
                "gallery",
                "cells",
                coffee={"items": ["coffee"], "constraint": "convex", "steps": 240},
                bent={"items": ["horse"], "constraint": "path_connected", "steps": 300},
                moving={
                    "items": ["drawn_ball"],
                    "fit": "spatio-temporal",
                    "constraint": "convex",
                    "steps": 240,
                    "object_weight": 0.3,
                },
            ),
            "figures": _only(
                "gallery",
                "figures",
                figure_1={"kind": "figure_1", "cells": ["coffee", "bent"]},
                figure_3={"kind": "figure_3", "cell": "moving"},
                figure_16={"kind": "figure_16", "cell": "bent"},
            ),
        },
        "cut": None,
        "motion": {
            "settings": {"first_steps": 200, "next_steps": 40, "epochs": 2},
            "vary": {"labels": ["simulated"]},
            "figures": _only(
                "motion",
                "figures",
                figure_15={"kind": "figure_15", "item": "drive"},
                animation={"kind": "animation", "item": "drive", "cell": {"fit": "joint"}},
            ),
        },
        "noise": {
            "settings": {"steps": 150},
            "vary": {"labels": ["simulated"], "distance": ["absolute"], "noise": [0.4]},
            "figures": _only("noise", "figures"),
        },
    },
}
CELLS = {
    "convexity": ["fcn", "fcn-joint", "cnn-joint"],
    "corruptions": ["whole", "noisy"],
    "gallery": ["coffee", "bent", "moving"],
    "motion": [f"labels~simulated_fit~{fit}_seed~42" for fit in ("sequential", "joint")],
    "noise": ["labels~simulated_distance~absolute_noise~0.4_seed~42"],
}
"""Names of the cells of each study."""
