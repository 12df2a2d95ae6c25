"""How much agreement a fit to drawn points loses against a fit to all pixels.

    OMP_NUM_THREADS=1 PYTHONPATH=lib python tests/benchmarks/all_pixels.py PICTURE [--steps N]

Segments what is red in PICTURE (the paper's tomato: likelihood R - G - B - 0.5, sigmoid, stretched
to [0, 1], above 0.5), at half size, fits a convex region to it and prints the IoU with these
unaries: for 1,000 drawn points a step and, with --all-pixels, for every pixel of the picture at
every step, with torch's own Adam, and the same loss, schedule and number of steps (some forty
minutes for 640x480 and 3,000 steps).
"""

import argparse
import time

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from isr import fit_unaries
from isr.constraints import build
from isr.coordinates import pixel_coordinates
from isr.evaluation.drawing import draw_mask
from isr.fitting.engine.queue import phase_ends
from isr.fitting.schedules import UNARIES_ENTROPY, unaries_schedule
from isr.networks.layers import initialise_
from isr.objectives import cross_entropy, squared_distance
from isr.representations import Representation


def red(path: str) -> NDArray[np.float32]:
    """Thresholded likelihood (h, w) of red, at half the size of the picture."""
    picture = cv2.imread(path)[..., ::-1] / 255.0
    height, width, _ = picture.shape
    small = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    likely = 1 / (1 + np.exp(0.5 - small[..., 0] + small[..., 1] + small[..., 2]))
    stretched = (likely - likely.min()) / np.ptp(likely)
    return (stretched > 0.5).astype(np.float32)


def report(name: str, region: Representation, unaries: NDArray[np.float32], seconds: float) -> None:
    """Print the agreement of a fit."""
    mask, wanted = draw_mask(region, *unaries.shape), unaries > 0.5
    iou = (mask & wanted).sum() / (mask | wanted).sum()
    print(f"{name}: IoU {iou:.4f} with the unaries, {seconds:.1f} s", flush=True)


def fit_all_pixels(unaries: NDArray[np.float32], steps: int) -> Representation:
    """Fit to every pixel at every step, in chunks that stay in the processor's cache."""
    region = build("convex", 2)
    initialise_(region, np.random.default_rng(0))
    coordinates = torch.from_numpy(pixel_coordinates(*unaries.shape).astype(np.float32))
    chunks = list(
        zip(
            coordinates.reshape(-1, 2).split(2048),
            torch.from_numpy(unaries).reshape(-1).split(2048),
            strict=True,
        )
    )
    schedule = unaries_schedule()
    ends = phase_ends(schedule, steps)
    adam = torch.optim.Adam(region.parameters())
    for step in range(steps):
        phase = schedule[next(k for k, end in enumerate(ends) if step < end)]
        adam.param_groups[0]["lr"] = phase.learning_rate
        loss = cross_entropy if UNARIES_ENTROPY in phase.terms else squared_distance
        adam.zero_grad()
        for points, wanted in chunks:
            weights = torch.full_like(wanted, 1 / unaries.size)
            loss(region(points), wanted, weights).backward()
        adam.step()
        region.project_()
    return region


def main() -> None:
    """Parse the command line and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--all-pixels", action="store_true")
    arguments = parser.parse_args()
    unaries = red(arguments.picture)
    print(f"{unaries.shape[1]}x{unaries.shape[0]}, {unaries.mean():.2%} of it red")
    started = time.perf_counter()
    region = fit_unaries(unaries, "convex", steps=arguments.steps)
    report("1,000 drawn points", region, unaries, time.perf_counter() - started)
    if arguments.all_pixels:
        started = time.perf_counter()
        region = fit_all_pixels(unaries, arguments.steps)
        report("all pixels", region, unaries, time.perf_counter() - started)


if __name__ == "__main__":
    main()
