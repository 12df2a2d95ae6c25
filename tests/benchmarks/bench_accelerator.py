r"""How fast stacks of fits and UNets are on a CUDA device, on synthetic pictures.

    pytest tests/benchmarks/bench_accelerator.py -s

prints a row for each kind of fit and size of stack, as they stand in RESULTS.md: seconds until the
first step (problems read, starts searched), seconds of the first block of steps (libraries are
loaded, the step is recorded), milliseconds a step of the whole stack, of these the draws, and
memory. It is not part of the suite, and skips itself where there is no such device.
"""

import time
from pathlib import Path

import bench_engine as engine
import numpy as np
import pytest
import torch

from isr.constraints import build
from isr.data.items import Frame, write_video
from isr.data.problems import Problem
from isr.data.weak_labels.store import WeakLabels, write_labels
from isr.fitting.engine.devices import use_precision
from isr.fitting.engine.queue import EqualWorks, Schedule
from isr.fitting.engine.sources import Points
from isr.fitting.engine.stack import Stack
from isr.fitting.labelled_video import KeptVideo
from isr.fitting.schedules import joint_schedule, path_connected_schedule, unaries_schedule
from isr.fitting.tasks import Projection, Task
from isr.fitting.weak_label_training import WeakLabelTraining
from isr.networks.layers import initialise_
from isr.networks.unet import UNet

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")

SMALL, CNN_SIZE, LARGE = (160, 240), (240, 320), (480, 640)
STACKS = {
    "convex": (1, 17, 51, 153, 512),
    "star_shaped": (51, 153),
    "path_connected": (1, 18, 54, 216),
    "mirror_symmetric": (153,),
    "rotationally_symmetric": (153,),
    "lattice_periodic": (153,),
    "fcn joint": (1, 153),
    "cnn joint": (1, 8, 32, 153),
}
ROWS = [(kind, count) for kind, counts in STACKS.items() for count in counts]
SECONDS = 1.5
"""How long steps are taken, at least one block."""


def _task(kind: str) -> tuple[Task, Schedule, bool]:
    """A task, its last phase, and whether its problems have unaries."""
    if kind == "fcn joint":
        return engine.fcn_joint(), joint_schedule()[-1:], False
    if kind == "cnn joint":
        return engine.cnn_joint(), joint_schedule()[-1:], False
    schedule = path_connected_schedule() if kind == "path_connected" else unaries_schedule(0.005)
    return Projection(build(kind), Points(0, 1000)), schedule[-1:], True


def _size(kind: str, count: int) -> tuple[int, int]:
    if kind == "cnn joint":
        return CNN_SIZE
    return LARGE if count <= 64 else SMALL


def _stack(kind: str, count: int) -> Stack:
    task, schedule, unaries = _task(kind)
    one = engine.picture("p", *_size(kind, count), unaries=unaries)

    def load(name: str, seed: int) -> Problem:
        scribbles = None if unaries else one.scribbles
        return Problem(name, one.coordinates, scribbles, one.features, one.unaries)

    works = EqualWorks([(str(number), 0) for number in range(count)], schedule, 10**6)
    return Stack(task, works, load, stack_size=count, device=torch.device("cuda"))


def _now() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


@pytest.fixture(scope="module", autouse=True)
def _head():
    use_precision("fp32")
    print(f"\n\n{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, fp32 without TF32\n")
    print(
        "| fit | size | stack | start, s | first block, s | a step, ms | of it draws, ms "
        "| a fit and step, us | memory, GiB |\n|---|---|---|---|---|---|---|---|---|"
    )


@pytest.mark.parametrize(("kind", "count"), ROWS)
def test_a_stack(kind, count):
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    begun = _now()
    stack = _stack(kind, count)
    opened = _now()
    stack.advance()
    started, before = _now(), stack.slots[0].step
    while _now() - started < SECONDS and stack.slots[0].step < 20 * before:
        stack.advance()
    ended, steps = _now(), stack.slots[0].step - before
    stack._block(before)
    draws = 1e3 * (_now() - ended) / before
    each = 1e3 * (ended - started) / steps
    height, width = _size(kind, count)
    print(
        f"| {kind} | {width}x{height} | {count} | {opened - begun:.2f} | {started - opened:.2f} "
        f"| {each:.3f} | {draws:.3f} | {1e3 * each / count:.1f} "
        f"| {torch.cuda.max_memory_allocated() / 2**30:.1f} |"
    )


def _drawn_video(folder: Path, device: torch.device, frames: int = 8) -> KeptVideo:
    """A video of noise, labelled at random."""
    random, size = np.random.default_rng(0), (frames, *LARGE)
    pictures = random.integers(0, 256, (*size, 3), dtype=np.uint8)
    labels = random.choice(np.array([0, 1, 255], np.uint8), size)
    video = write_video(
        folder / "video",
        [Frame(picture, None) for picture in pictures],
        name="video",
        object=1,
        source="drawn",
        licence="none",
    )
    about = {"kind": "simulated", "text": "drawn", "options": {}}
    write_labels(folder / "labels", map(WeakLabels, labels), about)
    return KeptVideo(video, folder / "labels", scale=1.0, seed=0, device=device)


def test_a_unet(tmp_path):
    """Of full width, one frame a step; its first block are the steps until one is recorded."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    begun = _now()
    network = UNet()
    initialise_(network, np.random.default_rng(0))
    video = _drawn_video(tmp_path, torch.device("cuda"))
    training = WeakLabelTraining(network, video, epochs=100)
    opened = _now()
    for _ in range(5):
        training.advance()
    started, before = _now(), training.done
    while _now() - started < SECONDS:
        for _ in range(10):
            training.advance()
    each = 1e3 * (_now() - started) / (training.done - before)
    print(
        f"| unet | {LARGE[1]}x{LARGE[0]} | 1 | {opened - begun:.2f} | {started - opened:.2f} "
        f"| {each:.3f} | | {1e3 * each:.1f} | {torch.cuda.max_memory_allocated() / 2**30:.1f} |"
    )
