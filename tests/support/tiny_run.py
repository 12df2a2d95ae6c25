"""A configuration of a run of seconds that has every part, and the cells that it makes."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
DEMO_STUDIES = yaml.safe_load((ROOT / "config/config.yaml").read_text())["studies"]
DEMO = DEMO_STUDIES["gallery"]
TINY = {
    "steps": 240,
    "datasets": {"embedded": {"pictures": ["coffee", "retina"], "long_side": 96}},
    "videos": {"drawn": {"frames": 4, "long_side": 48}},
    "predictors": {"unet": {"width": 4, "epochs": 3, "min_steps": 60}},
    "studies": {
        "convexity": {
            "vary": None,
            "rows": [
                {"predictor": "fcn", "features": "rgb+semantic", "fit": "sequential"},
                {"predictor": "fcn", "features": "rgb+semantic", "fit": "joint"},
                {"predictor": "cnn", "features": "rgb+xy", "fit": "joint"},
            ],
            "figures": {"figure_5": {"pictures": ["coffee", "retina"]}},
        },
        "gallery": {
            "cases": {
                **dict.fromkeys(DEMO["cases"]),
                "coffee": {"picture": "coffee", "constraint": "convex", "steps": 240},
                "bent": {"picture": "horse", "constraint": "path_connected", "steps": 300},
                "moving": {
                    "picture": "drawn_ball",
                    "constraint": "convex",
                    "steps": 240,
                    "object_weight": 0.3,
                },
            },
            "figures": {
                **dict.fromkeys(DEMO["figures"]),
                "figure_1": {"kind": "figure_1", "cases": ["coffee", "bent", "moving"]},
                "figure_3": {"kind": "figure_3", "case": "moving"},
                "figure_16": {"kind": "figure_16", "case": "bent"},
            },
        },
        "cut": None,
        "motion": {
            "vary": {"labels": ["simulated"]},
            "first_steps": 200,
            "next_steps": 40,
            "epochs": 2,
            "figures": {
                **dict.fromkeys(DEMO_STUDIES["motion"]["figures"]),
                "figure_15": {"kind": "figure_15", "video": "drive"},
                "animation": {"kind": "animation", "video": "drive", "cell": {"fit": "joint"}},
            },
        },
        "noise": {
            "vary": {"labels": ["simulated"], "distance": ["absolute"], "noise": [0.4]},
            "steps": 150,
            "figures": dict.fromkeys(DEMO_STUDIES["noise"]["figures"]),
        },
    },
}
CELLS = [
    "constraint~convex_predictor~fcn_features~rgb+semantic_fit~sequential_seed~42",
    "constraint~convex_predictor~fcn_features~rgb+semantic_fit~joint_seed~42",
    "constraint~convex_predictor~cnn_features~rgb+xy_fit~joint_seed~42",
]


_VIDEO = (
    "labels~simulated_predictor~unet_training~each_constraint~path_connected_fit~{}_distance~{}"
    "_noise~{}_seed~42"
)
VIDEO_CELLS = [
    f"motion/{_VIDEO.format('sequential', 'squared', 0)}",
    f"motion/{_VIDEO.format('joint', 'squared', 0)}",
    f"noise/{_VIDEO.format('spatio-temporal', 'absolute', 0.4)}",
]
