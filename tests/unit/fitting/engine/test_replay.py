"""What an accelerator runs, tested on a processor: the same operations, and none for the host."""

import dataclasses

import numpy as np
import pytest
import torch
from plain_convolutions import plain_convolutions
from stacks import assert_same_bits, run
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from isr.constraints import NAMES, build
from isr.fitting.engine.queue import EqualWorks, Phase, Work
from isr.fitting.engine.replay import Replay
from isr.fitting.engine.sources import Points
from isr.fitting.engine.stack import Stack
from isr.fitting.schedules import (
    ABSOLUTE_DISTANCE,
    COLOUR_GRADIENT,
    COUPLING,
    OVERLAP,
    POSITION_GRADIENT,
    PREDICTOR_SCRIBBLES,
    REGULARISER,
    REPRESENTATION_SCRIBBLES,
    TOTAL_VARIATION,
    UNARIES_ENTROPY,
)
from isr.fitting.tasks import Projection

KINDS = ["projection", "star_shaped", "union", "path_connected", "fcn", "cnn"]
_TERMS = (
    *(PREDICTOR_SCRIBBLES, REPRESENTATION_SCRIBBLES, COUPLING, UNARIES_ENTROPY, OVERLAP),
    *(ABSOLUTE_DISTANCE, COLOUR_GRADIENT, POSITION_GRADIENT, REGULARISER, TOTAL_VARIATION),
)
EVERYTHING = dict.fromkeys(_TERMS, 0.1)
MIXED = (
    Phase(1.0, 0.01, EVERYTHING),
    Phase(
        *(2.0, 0.01, {**EVERYTHING, TOTAL_VARIATION: 0.0}, "adamax"),
        plateau=3,
        clip_norm=0.5,
        restart=True,
        weight_decay={"representation": 1e-3},
        learning_rate_scale={"representation.network.first": 0.0},
    ),
)
"""Two phases of different terms and optimisers, so that slots that are not in step mix them."""


@pytest.mark.parametrize("kind", KINDS)
def test_replayed_steps_give_the_same_bits(make_stack, kind):
    one, other = (
        run(make_stack(["p0", "p1", "p2"], kind=kind, steps=24, stack_size=3, replays=replays))
        for replays in (False, True)
    )
    assert_same_bits(one, other)


@pytest.mark.parametrize("kind", ["projection", "cnn"])
def test_refilled_slots_phases_and_a_problem_that_does_not_stay_finite(
    make_stack, problems, kind, monkeypatch
):
    """Five problems in two slots, out of step: one is shorter than the others."""
    well = problems["p1"]
    nothing = {name: np.full_like(getattr(well, name), np.nan) for name in ("features", "unaries")}
    ill = dataclasses.replace(well, **nothing)
    monkeypatch.setattr(EqualWorks, "again", _out_of_step)
    results = [
        run(
            make_stack(
                *([f"p{n}" for n in range(5)],),
                kind=kind,
                steps=30,
                stack_size=2,
                schedule=MIXED,
                changed={"p1": ill},
                replays=replays,
            )
        )
        for replays in (False, True)
    ]
    for result in results:
        # One is not equal to itself.
        result.history = [row for row in result.history if not np.isnan(row[-1])]
    assert_same_bits(*results)
    assert not results[0].finite["p1"]
    assert all(results[0].finite[name] for name in ("p0", "p2", "p3", "p4"))


def _out_of_step(works, key):
    return Work(*key, works.schedule, works.steps - 7 * (key[0] == "p0"))


class NothingForTheHost(TorchDispatchMode):
    """Raises at operations that wait for a device, or bring something to it from the host."""

    FORBIDDEN = (
        *("_local_scalar_dense", "nonzero", "masked_select", "lift_fresh", "unique", "_unique2"),
        *("equal", "is_nonzero"),
    )

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.name().split("::")[1].split(".")[0]
        assert name not in self.FORBIDDEN, f"{func.name()} waits for the device"
        if name in ("index", "index_put_", "index_put", "_index_put_impl_"):
            kinds = [each.dtype for each in args[1] if each is not None]
            assert torch.bool not in kinds, f"{func.name()} counts what a mask holds"
        found = func(*args, **(kwargs or {}))
        places = {each.device for each in tree_leaves((args, kwargs, found)) if _is_array(each)}
        assert len(places) <= 1, f"{func.name()} mixes {places}"
        return found


def _is_array(value: object) -> bool:
    """Whether it is a tensor whose values a kernel cannot be given with its launch."""
    return isinstance(value, torch.Tensor) and value.ndim > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("together", [1, 3])
def test_a_step_leaves_the_host_alone(make_stack, kind, together):
    """On a device that has no values, nothing could be read or brought along unnoticed."""
    names = [f"p{n}" for n in range(together)]
    more = {"kind": kind, "steps": 6, "stack_size": together, "schedule": MIXED}
    _watch(make_stack(names, device="meta", replays=True, **more))


def test_a_step_of_stacked_pictures_leaves_the_host_alone(make_stack):
    with plain_convolutions():
        names, more = ["p0", "p1"], {"stack_size": 2, "schedule": MIXED}
        _watch(make_stack(names, kind="cnn", steps=6, device="meta", replays=True, **more))


@pytest.mark.parametrize("constraint", NAMES)
def test_no_constraint_needs_the_host_in_a_step(make_problem, constraint):
    problems = {f"p{n}": make_problem(f"p{n}", 20, 26, 0.3) for n in range(2)}
    works = EqualWorks([(name, 0) for name in problems], MIXED, 4)
    task = Projection(build(constraint), Points(8, 16))
    more = {"stack_size": 2, "device": torch.device("meta"), "replays": True}
    _watch(Stack(task, works, lambda name, _: problems[name], **more))


def _watch(stack: Stack) -> None:
    """Take a block of steps of each phase under `NothingForTheHost`."""
    plain = Replay._once

    def once(replay: Replay) -> None:
        with NothingForTheHost():
            plain(replay)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Replay, "_once", once)
        for _ in MIXED:
            stack._configure()
            steps = stack.slots[0].steps_to_phase_end
            assert len(stack._run_block(steps)) == steps
            for slot in stack.slots:
                slot.step += steps


@pytest.mark.parametrize(
    "wait",
    [
        lambda x: x.sum().item(),
        lambda x: x[x > 0],
        lambda x: x[:, [0, 1]],
        lambda x: x + torch.tensor([1.0]),
        lambda x: bool((x > 0).all()),
        lambda x: x.to("meta"),
    ],
)
def test_what_waits_is_noticed(wait):
    values = torch.randn(3, 4)
    with NothingForTheHost(), pytest.raises(AssertionError):
        wait(values)
