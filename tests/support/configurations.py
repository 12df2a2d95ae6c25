"""Configurations of tests: those that are shipped, changed ones, and their plans."""

import re
from copy import deepcopy
from pathlib import Path

import yaml

from isr.config.reading import read_plan

ROOT = Path(__file__).parents[2]
DEMO_STUDIES = ("peers", "convexity", "corruptions", "gallery", "motion", "cut", "noise")


def lay_over(config, upper):
    """What Snakemake does with files of --configfile."""
    for key, value in upper.items():
        if isinstance(value, dict) and isinstance(config.get(key), dict):
            lay_over(config[key], value)
        else:
            config[key] = value


def shipped(*overlays):
    """config.yaml with some files or mappings laid over it."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    for overlay in overlays:
        if isinstance(overlay, str):
            overlay = yaml.safe_load((ROOT / "config" / overlay).read_text())
        lay_over(config, overlay)
    return config


def examples(readme):
    """The configurations that a README shows, by the names in their first lines."""
    text = (ROOT / readme).read_text()
    found = re.findall(r"^```yaml\n(# (\S+\.yaml).*?)^```", text, re.M | re.S)
    return {name: content for content, name in found}


SMALL = {
    "steps": 40,
    "datasets": {
        "photos": {"kind": "embedded", "items": ["coffee", "retina", "rocket"]},
        "films": {"kind": "fbms", "items": ["cars3", "cars6"]},
        "things": {"kind": "gallery"},
    },
    "predictors": {
        "fcn": {"kind": "fcn"},
        "cnn": {"kind": "cnn"},
        "tv": {"kind": "tv"},
        "unet": {"kind": "unet"},
    },
    "studies": {
        "grid": {
            "dataset": "photos",
            "settings": {"features": "rgb+xy"},
            "vary": {"predictor": ["fcn"], "fit": ["sequential", "joint"], "seed": [1, 2]},
        },
        "film": {
            "dataset": "films",
            "settings": {"predictor": "unet", "constraint": "path_connected"},
            "vary": {"fit": ["sequential", "joint"]},
        },
        "single": {
            "dataset": "things",
            "cells": {
                "saucer": {"items": ["coffee"], "constraint": "convex", "object_weight": 0.5},
                "blossom": {
                    "items": ["flower"],
                    "constraint": "rotationally_symmetric",
                    "options": {"order": [4, 5]},
                },
            },
        },
    },
}


def changed(*changes, config=SMALL):
    """A configuration with other values: (path of keys as in `studies.grid.items`, value)."""
    found = deepcopy(config)
    for path, value in changes:
        here = found
        *keys, last = path.split(".")
        for key in keys:
            here = here.setdefault(key, {})
        here[last] = value
    return found


def planned(*changes, config=SMALL):
    """The plan of a configuration with other values."""
    return read_plan(changed(*changes, config=config), root=ROOT)
