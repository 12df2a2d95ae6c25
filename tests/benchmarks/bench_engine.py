r"""How fast the engine is, on synthetic pictures and one core.

Run it on an otherwise idle machine, parts of it with `-k`, with the jobs' allocator:

    OMP_NUM_THREADS=1 MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=2147483647 \
    MALLOC_TOP_PAD_=67108864 pytest tests/benchmarks/bench_engine.py -s

It prints what it measures and fails beyond the stated limits; it is not part of the suite.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

from isr.constraints import build
from isr.coordinates import pixel_coordinates
from isr.data.problems import Problem
from isr.fitting.engine.queue import EqualWorks, Schedule
from isr.fitting.engine.sources import Points
from isr.fitting.engine.stack import Stack
from isr.fitting.schedules import joint_schedule, projection_schedule
from isr.fitting.tasks import PictureTraining, PredictorTraining, Projection, Task
from isr.networks.predictors import CNN, FCN

MEBIBYTE = 2**20


def picture(name: str, height: int, width: int, *, unaries: bool) -> Problem:
    """An ellipse on a ground of another colour, with strokes through both."""
    rows, columns = np.mgrid[0:height, 0:width]
    inside = ((rows / height - 0.5) / 0.3) ** 2 + ((columns / width - 0.45) / 0.25) ** 2 < 1
    random = np.random.default_rng(0)
    colours = np.where(inside[..., None], [0.8, 0.5, 0.2], [0.3, 0.4, 0.6])
    colours = colours + random.normal(0, 0.1, (height, width, 3))
    coordinates = pixel_coordinates(height, width).astype(np.float32)
    scribbles = np.zeros((height, width), np.uint8)
    scribbles[height // 2 : height // 2 + 4, width // 3 : width // 2] = 1
    scribbles[height // 12 : height // 12 + 4, width // 10 : -width // 10] = 255
    features = np.concatenate([colours, coordinates], axis=-1).astype(np.float32)
    given = np.where(inside, 0.9, 0.1).astype(np.float32) if unaries else None
    return Problem(name, coordinates, scribbles, features, given)


def projection() -> Task:
    return Projection(build("convex"), Points(500, 500))


def fcn_joint() -> Task:
    return PredictorTraining(FCN(5), Points(500, 500), representation=build("convex"))


def cnn_joint() -> Task:
    return PictureTraining(
        CNN(5),
        Points(500, 500),
        features="rgb+xy",
        representation=build("convex"),
    )


def stack(
    task: Task, schedule: Schedule, steps: int, size: tuple[int, int], count: int = 1
) -> Stack:
    unaries = isinstance(task, Projection)
    return Stack(
        task,
        EqualWorks([(str(number), 0) for number in range(count)], schedule, steps),
        lambda name, _: picture(name, *size, unaries=unaries),
        stack_size=count,
    )


def run(job: Stack) -> None:
    """Advance a stack to its end."""
    while not job.finished:
        job.advance()


def seconds(work: Callable[[], object]) -> float:
    torch.set_num_threads(1)
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def coupled(schedule: Schedule) -> Schedule:
    """The last phase alone: all terms from the first step on."""
    return schedule[-1:]


def test_a_convex_projection_of_3000_steps_takes_at_most_10_seconds():
    job = stack(projection(), projection_schedule(), 3000, (480, 640))
    taken = seconds(lambda: run(job))
    print(f"\nconvex projection, 1,000 points, 3,000 steps: {taken:.1f} s")
    assert taken <= 10.0


def test_an_fcn_joint_fit_of_3000_steps_takes_at_most_20_seconds():
    job = stack(fcn_joint(), joint_schedule(), 3000, (480, 640))
    taken = seconds(lambda: run(job))
    print(f"\nFCN joint, 500 + 500 points, 3,000 steps: {taken:.1f} s")
    assert taken <= 20.0


def test_a_cnn_step_of_320x240_takes_at_most_80_milliseconds():
    """With the allocator as in the workflow's jobs: see shell.prefix of the Snakefile."""
    steps, taken = 50, {}
    for size in ((180, 240), (240, 320), (480, 640)):
        job = stack(cnn_joint(), coupled(joint_schedule()), 2 * steps, size)
        job.advance()
        before = job.done
        start = time.perf_counter()
        while job.done < 2 * steps:
            job.advance()
        taken[size] = (time.perf_counter() - start) / (2 * steps - before)
        print(f"\nCNN joint with penalties, {size[1]}x{size[0]}: {1e3 * taken[size]:.1f} ms a step")
    assert taken[240, 320] <= 0.080


@pytest.mark.parametrize(
    ("name", "make", "schedule", "steps"),
    [
        ("convex projection", projection, projection_schedule(), 100),
        ("FCN joint", fcn_joint, joint_schedule(), 60),
        ("CNN joint", cnn_joint, joint_schedule(), 12),
    ],
)
def test_stacks(name, make, schedule, steps):
    """No limit: on a processor larger stacks of convex networks gain nothing."""
    print()
    for count in (1, 2, 4, 8, 32):
        some = max(4, steps // count)
        # Two equal phases, of which the first warms up.
        job = stack(make(), coupled(schedule) * 2, 2 * some, (160, 240), count)
        while job.done < count * some:
            job.advance()
        taken = seconds(lambda job=job: run(job))
        print(f"{name}, stack of {count}: {1e3 * taken / some / count:.2f} ms a problem and step")


MEMORY_JOB = """
import resource, sys
sys.path.insert(0, {folder!r})
import torch
torch.set_num_threads(1)
import bench_engine as bench
bench.run(bench.stack(bench.cnn_joint(), bench.joint_schedule(), 30, (480, 640)))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_joint_cnn_job_on_640x480_needs_less_than_a_gigabyte_and_a_half():
    code = MEMORY_JOB.format(folder=os.path.dirname(__file__))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    peak = int(done.stdout) * 1024
    print(f"\njoint CNN job, 640x480: peak of {peak / MEBIBYTE:.0f} MiB")
    assert peak < 1.5e9
