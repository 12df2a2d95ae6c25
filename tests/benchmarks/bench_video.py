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

import numpy as np
import pytest
from isr.data.videos import VideoFrame, write_video
from isr.fitting.video import fit_frames
from isr.fitting.video_folder import VideoFolder

from isr.data.problems import quantise_unaries
from isr.io import write_png
from isr.store import read_fits

HEIGHT, WIDTH = 480, 640
SETTINGS = {
    "study": "bench",
    "cell": "video",
    "predictor_options": {"kind": "unet"},
    "constraint": "path_connected",
    "fit": "sequential",
    "noise": 0,
    "seed": 42,
    "protocol": "paper",
    "convention": "isotropic",
    "points": 1000,
    "first_steps": 5000,
    "next_steps": 400,
    "steps": 2500,
    "stack_size": 1,
}


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
    write_video(
        root / "videos" / name,
        (VideoFrame(image) for _ in range(frames)),
        name=name,
        object=1,
        source="drawn",
        licence="CC0",
    )
    for number in range(frames):
        path = root / "predictions" / name / "unaries" / f"{number:05d}.png"
        write_png(path, quantise_unaries(car(number), name))


def fit(root: Path, videos: list[str], **changed) -> float:
    settings = {**SETTINGS, **changed}
    folder = VideoFolder(root / "videos", root / "predictions", settings)
    started = time.perf_counter()
    output = root / "part-0.safetensors"
    fit_frames(folder, videos, settings, output, root / "part-0.parquet")
    return time.perf_counter() - started


def test_a_first_frame_and_the_following_ones(tmp_path):
    write(tmp_path, "one", 1)
    write(tmp_path, "six", 6)
    first = fit(tmp_path, ["one"])
    following = (fit(tmp_path, ["six"]) - first) / 5
    frames = read_fits(tmp_path / "part-0.safetensors").metadata["frames"]
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
    fit(tmp_path, names[:1], **short)
    alone = fit(tmp_path, names[:1], **short)
    together = fit(tmp_path, names, stack_size=4, **short)
    print(f"\none video {alone:.1f} s, a stack of four {together:.1f} s: {together / alone:.2f}")
    assert together <= 4.2 * alone


@pytest.mark.parametrize("frames", [4, 300])
def test_memory_does_not_depend_on_the_length(tmp_path, frames):
    write(tmp_path, "long", frames)
    library = Path(__file__).parents[2] / "lib"
    settings = json.dumps({**SETTINGS, "first_steps": 60, "next_steps": 4})
    script = Path(__file__).parents[2] / "scripts" / "fit_video.py"
    command = [sys.executable, "-c", _MEASURE, str(script), "--settings", settings]
    command += ["--videos", str(tmp_path / "videos")]
    command += ["--predictions", str(tmp_path / "predictions"), "--part-videos", "long"]
    command += ["--output", str(tmp_path / "a.safetensors"), "--device", "cpu"]
    command += ["--history", str(tmp_path / "a.parquet")]
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
