"""How long fits along a video take, and how much memory, at 640x480 and on one core.

Run it with `OMP_NUM_THREADS=1 pytest tests/benchmarks/bench_video.py -s` on an otherwise idle
machine. It prints what it measures and fails beyond the stated limits; it is not part of the suite.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isr.data.items import Frame, find_items, frame_name, write_video
from isr.data.problems import write_unaries
from isr.fitting.fit import FitJob, fit
from isr.store import FITS, read_fits

HEIGHT, WIDTH, SEED = 480, 640, 42
CELL = {"constraint": "path_connected", "predictor": "unet", "stack_size": 1}
LENGTHS = {"first_steps": 5000, "next_steps": 400}


def car(number: int) -> np.ndarray:
    """A body with a cabin on two wheels, on its way to the right."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    columns = columns - 4 * (number % 60)
    inside = (abs(rows - 260) < 40) & (abs(columns - 200) < 110)
    inside |= (abs(rows - 200) < 40) & (abs(columns - 190) < 60)
    for wheel in (130, 265):
        inside |= (rows - 300) ** 2 + (columns - wheel) ** 2 < 24**2
    return np.where(inside, 0.95, 0.05).astype(np.float32)


def write(root: Path, name: str, frames: int) -> None:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    drawn = (Frame(image) for _ in range(frames))
    folder = root / "items" / name
    write_video(folder, drawn, name=name, object=1, source="drawn", licence="CC0")
    for number in range(frames):
        place = root / "predictions" / "unaries" / str(SEED)
        write_unaries(place, frame_name(name, number), car(number))


def told(videos: list[str], **changed: Any) -> dict[str, Any]:
    """The settings of a job."""
    return {
        "study": "bench",
        "batch": "video",
        "protocol": "paper",
        "cell": {**CELL, **LENGTHS, "points": {"strokes": 200, "random": 800}, **changed},
        "predictor": {"kind": "unet"},
        "works": [[name, SEED] for name in videos],
    }


def fit_frames(root: Path, videos: list[str], **changed: Any) -> float:
    """Seconds that a job takes."""
    items = find_items(root / "items" / name for name in videos)
    job = FitJob(told(videos, **changed), items, predictions=[root / "predictions"])
    started = time.perf_counter()
    fit(job, root / "part-0")
    return time.perf_counter() - started


def test_a_first_frame_and_the_following_ones(tmp_path):
    write(tmp_path, "one", 1)
    write(tmp_path, "six", 6)
    first = fit_frames(tmp_path, ["one"])
    following = (fit_frames(tmp_path, ["six"]) - first) / 5
    frames = read_fits(tmp_path / "part-0" / FITS).metadata["frames"][str(SEED)]
    least = min(about["iou"] for about in frames.values())
    print(f"\nfirst frame {first:.1f} s, each following one {following:.2f} s, IoU >= {least:.3f}")
    assert first <= 75
    assert following <= 6
    assert least >= 0.9


def test_four_videos_side_by_side(tmp_path):
    names = [f"video{number}" for number in range(4)]
    for name in names:
        write(tmp_path, name, 3)
    short = {"first_steps": 500, "next_steps": 200}
    fit_frames(tmp_path, names[:1], **short)
    alone = fit_frames(tmp_path, names[:1], **short)
    together = fit_frames(tmp_path, names, stack_size=4, **short)
    print(f"\none video {alone:.1f} s, a stack of four {together:.1f} s: {together / alone:.2f}")
    assert together <= 4.2 * alone


@pytest.mark.parametrize("frames", [4, 300])
def test_memory_does_not_depend_on_the_length(tmp_path, frames):
    write(tmp_path, "long", frames)
    library = Path(__file__).parents[2] / "lib"
    settings = json.dumps(told(["long"], first_steps=60, next_steps=4))
    script = Path(__file__).parents[2] / "scripts" / "fit.py"
    command = [sys.executable, "-c", _MEASURE, str(script), "--settings", settings]
    folders = {"items": tmp_path / "items" / "long", "predictions": tmp_path / "predictions"}
    inputs = {key: [str(folder)] for key, folder in folders.items()}
    command += ["--inputs", json.dumps(inputs), "--device", "cpu"]
    command += ["--output", str(tmp_path / "part-0")]
    environment = {**os.environ, "PYTHONPATH": str(library), "OMP_NUM_THREADS": "1"}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    peak = int(run.stdout.strip().splitlines()[-1]) / 2**10
    print(f"\n{frames} frames: peak memory {peak:.0f} MiB")
    assert peak <= 1500


_MEASURE = """
import atexit, resource, runpy, sys
sys.argv = sys.argv[1:]
atexit.register(lambda: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
