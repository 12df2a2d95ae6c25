import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isr.errors import UserError
from isr.fitting import schedules
from isr.fitting.engine.queue import Phase, describe, phase_ends

PENALTIES = {"colour_gradient": 0.01, "position_gradient": 0.01}


def test_phases_end_where_the_papers_do():
    assert phase_ends(schedules.joint_schedule(), 3000) == [200, 3000]
    assert phase_ends(schedules.projection_schedule(), 3000)[0] == 200
    assert phase_ends(schedules.concurrent_schedule(), 3000) == [200, 3000]
    assert phase_ends(schedules.joint_schedule(), 400) == [27, 400]
    assert phase_ends(schedules.predictor_schedule(), 3000) == [3000]


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=6), st.integers(0, 200))
def test_every_phase_has_a_step_and_the_last_ends_at_the_end(shares, more):
    steps = len(shares) + more
    ends = phase_ends(tuple(Phase(share, 0.1, {}) for share in shares), steps)
    assert all(b > a for a, b in zip([0, *ends], ends, strict=False))
    assert ends[-1] == steps
    assert len(ends) == len(shares)


def test_too_few_steps_are_a_users_mistake():
    with pytest.raises(UserError, match="steps is 1"):
        phase_ends(schedules.joint_schedule(), 1)


@pytest.mark.parametrize(("protocol", "rate"), [("paper", 0.002), ("published-code", 0.001)])
def test_joint_training_lowers_the_rate_when_the_coupling_starts(protocol, rate):
    alone, together = schedules.joint_schedule(protocol)
    assert (alone.learning_rate, together.learning_rate) == (0.02, rate)
    terms = {"predictor_scribbles": 1.0, "representation_scribbles": 1.0, **PENALTIES}
    assert dict(alone.terms) == terms
    assert dict(together.terms) == {**terms, "coupling": 1.0}


def test_sequential_training_keeps_its_rate_until_it_settles():
    (only,) = schedules.predictor_schedule()
    assert (only.learning_rate, dict(only.terms)) == (
        0.02,
        {"predictor_scribbles": 1.0, **PENALTIES},
    )
    alone, together, settling = schedules.projection_schedule()
    assert [p.learning_rate for p in (alone, together, settling)] == [0.02, 0.02, 0.002]
    assert dict(alone.terms) == {"representation_scribbles": 1.0}
    assert dict(together.terms) == {"representation_scribbles": 1.0, "coupling": 1.0}
    assert settling.terms == together.terms


def test_the_published_codes_sequential_weights():
    alone, together = schedules.concurrent_schedule()
    assert alone.learning_rate == together.learning_rate == 0.02
    assert together.terms["binarised_coupling"] == 100.0
    assert "coupling" not in together.terms
    assert together.terms["predictor_scribbles"] == 0.1
    assert together.terms["colour_gradient"] == pytest.approx(0.001)


def test_a_description_is_plain_data():
    described = describe(schedules.joint_schedule())
    assert json.loads(json.dumps(described)) == described
    assert described[1]["terms"]["coupling"] == 1.0


def test_path_connected_fits_begin_with_their_base_alone():
    schedule = schedules.path_connected_schedule(3e-4)
    assert phase_ends(schedule, 5000) == [1000, 4200, 5000]
    base, both, settling = schedule
    for name in ("representation.flow.blocks.0.s", "representation.linear.shift"):
        assert base.freezes(name)
        assert not both.freezes(name)
    assert not base.freezes("representation.base.network.first.weight")
    assert (base.optimiser, both.optimiser, settling.optimiser) == ("adam", "adamax", "adamax")
    assert both.weight_decay == settling.weight_decay == {"representation.flow": 3e-4}
    assert dict(both.terms) == {"coupling": 1.0}
    published = schedules.path_connected_schedule(protocol="published-code")
    assert phase_ends(published, 4200) == [200, 4200]
    assert published[1].plateau == 200


def test_further_terms_stand_in_every_phase():
    extra = {"regulariser": 0.5}
    for make in (
        schedules.unaries_schedule,
        schedules.near_schedule,
        schedules.scribbles_schedule,
        schedules.projection_schedule,
        schedules.path_connected_schedule,
    ):
        assert all(phase.terms["regulariser"] == 0.5 for phase in make(extra=extra))
