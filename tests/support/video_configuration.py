"""A configuration with two studies of videos, and changes to it."""

from copy import deepcopy
from pathlib import Path

import yaml

from isr import configuration

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())

CONFIG = {
    "datasets": {},
    "videos": {"films": {"kind": "fbms"}, "drawn": {"kind": "drawn"}},
    "predictors": {"unet": {"kind": "unet"}, "small": {"kind": "unet"}, "fcn": {"kind": "fcn"}},
    "studies": {
        "motion": {
            "kind": "video",
            "dataset": "films",
            "vary": {"predictor": ["unet"], "seed": [1, 2]},
            "tables": {"t": {"kind": "table_4"}},
            "figures": {
                "both": {"kind": "figure_15", "video": "cars3", "cell": {"seed": 1}},
                "all": {"kind": "figure_19", "video": "cars3", "cell": {"seed": 1}},
            },
        },
        "noise": {
            "kind": "video",
            "dataset": "films",
            "videos": ["cars3"],
            "vary": {"predictor": ["unet"], "fit": ["spatio-temporal"], "noise": [0, 0.2]},
            "tables": {"n": {"kind": "table_5"}},
            "figures": {"f": {"kind": "figure_18", "video": "cars3", "cell": {"noise": 0.2}}},
        },
    },
}
MOTION = ("studies", "motion")
NOISE = ("studies", "noise")
NAMES = ["cars3", "cars6", "horses01"]


def resolve(*changes):
    config = deepcopy(CONFIG)
    for path, value in changes:
        here = config
        for key in path[:-1]:
            here = here.setdefault(key, {})
        here[path[-1]] = value
    return configuration.resolve(config, SCHEMA)


def study_of(*rows):
    return {
        "kind": "video",
        "dataset": "films",
        "rows": [{"predictor": "unet", **row} for row in rows],
    }
