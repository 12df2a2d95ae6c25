"""Planned cells of studies of videos, and rows of their metrics.csv."""

from isr.reporting.video_study import parse_study

from isr.reporting import video_tables


def plan(fit="sequential", seed=42, **changes):
    predictor = {"labels": "motion", "predictor": "unet", "training": "each"}
    axes = {**predictor, "constraint": "path_connected"}
    return {**axes, "fit": fit, "distance": "squared", "noise": 0, "seed": seed, **changes}


def make_study(videos=("cars3", "cars6"), cells=None, kind="fbms", fits=None, **changes):
    content = {
        "study": "s",
        "dataset": {"name": "d", "kind": kind},
        "videos": list(videos) if isinstance(videos, tuple) else videos,
        "cells": cells or [plan(fit, seed) for fit in ("sequential", "joint") for seed in (42, 47)],
        **changes,
    }
    return parse_study(content, fits or video_tables.FITS_OF_KIND["table_4"])


def row(iou, video="cars3", frame=0, output="representation", **changes):
    """One row of metrics.csv."""
    values = {
        "study": "s",
        "dataset": "d",
        **plan(),
        "protocol": "paper",
        "scale": 0.5,
        "width": 16,
        "labels_kind": "motion",
        "weights": "trained",
        "scored_object": 1,
        "object_sure": True,
        "labels_follow": "",
        "points": 1000,
        "steps": "5000, then 400",
        "picture": f"{video}/{frame:05}",
        "video": video,
        "frame": frame,
        "annotated": True,
        "status": "fitted",
        "finite": True,
        "noisy": False,
        "output": output,
        "against": "ground truth",
        "iou": iou,
        "accuracy": iou / 2,
        "contradicted": False,
        "published_rule": True,
    }
    return values | changes


def pick(summary, **wanted):
    for key, value in wanted.items():
        summary = summary[summary[key] == value]
    assert len(summary) == 1
    return summary.iloc[0]


def entries(table, *names):
    above = ""
    for line in table.lines:
        above = line.names[0] or above
        if (above, line.names[-1]) == names:
            return [" / ".join(span.text for span in entry) for entry in line.entries]
    raise AssertionError(names)


def noise_plan(share, seed=42, distance="squared"):
    return plan("spatio-temporal", seed, noise=share, distance=distance)


def noise_row(iou, frame, share, seed=42, **changes):
    about = {"fit": "spatio-temporal", "noise": share, "seed": seed, "against": "unaries"}
    return row(iou, frame=frame, **about, steps=2500, **changes)
