"""What plans are expected to cost."""

import json
from pathlib import Path

import pytest
from configurations import planned, shipped

from isr.config.displays import Displays
from isr.config.forecast import Cost, Forecast
from isr.config.jobs import Jobs
from isr.config.reading import read_plan
from isr.data.kinds.base import Extent

ROOT = Path(__file__).parents[3]


def _forecast(plan):
    return Forecast(Displays(Jobs(plan)))


def _of(forecast, rule):
    return {job.name: job.cost for job in forecast.every_job if job.rule == rule}


@pytest.fixture(scope="module")
def demo():
    return _forecast(read_plan(shipped(), root=ROOT))


def test_every_job_of_the_demo_is_counted_once(demo):
    names = [(job.rule, job.name) for job in demo.every_job]
    assert len(names) == len(set(names))
    rules = {rule: sum(each == rule for each, _ in names) for rule, _ in names}
    assert rules == {
        **{"unpack": 20, "features": 1, "fit": 44, "label": 2, "predict": 14, "evaluate": 44},
        **{"draw": 22, "tabulate": 8, "animate": 1, "report": 1},
    }


def test_the_demo_costs_what_it_took(demo):
    """All of its jobs but those of the study peers took 1,190 s of a core on 2026-11-27."""
    measured = [
        job
        for job in demo.every_job
        if job.rule in ("fit", "predict", "evaluate", "label") and job.study != "peers"
    ]
    assert sum(job.cost.seconds for job in measured) == pytest.approx(1190, rel=0.3)


def test_more_steps_and_items_and_seeds_take_longer():
    once = _of(_forecast(planned()), "fit")["grid/predictor~fcn_fit~sequential/part-0"]
    more = _forecast(planned(("steps", 4000)))
    longer = _of(more, "fit")["grid/predictor~fcn_fit~sequential/part-0"]
    assert longer.seconds > 20 * (once.seconds - 1.5)
    one = _forecast(planned(("steps", 4000), ("datasets.photos.items", ["coffee"])))
    assert _of(one, "fit")["grid/predictor~fcn_fit~sequential/part-0"].seconds < longer.seconds / 2


def test_jobs_on_gpus_are_told_apart():
    on_gpu = _forecast(planned(("device", "cuda")))
    assert all(cost.gpu for rule in ("fit", "predict") for cost in _of(on_gpu, rule).values())
    assert not any(cost.gpu for cost in _of(on_gpu, "evaluate").values())
    table = on_gpu.overview().splitlines()
    assert table[0].split()[:5] == ["jobs", "GPU", "time", "CPU", "time"]
    assert "H200" in on_gpu.overview()
    assert table[-3].startswith("together")


def test_an_item_that_was_unpacked_is_measured(tmp_path):
    plan = planned()
    plan.root = tmp_path
    forecast = _forecast(plan)
    assert forecast.extent("films", "cars3") == Extent(185, 480, 640, guessed=True)
    about = tmp_path / "resources/datasets/films/cars3/item.json"
    about.parent.mkdir(parents=True)
    about.write_text(json.dumps({"frames": 19, "height": 480, "width": 640, "name": "cars3"}))
    assert _forecast(plan).extent("films", "cars3") == Extent(19, 480, 640)


def test_what_has_run_is_told_beside_its_forecast(demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = Path("logs/fit/gallery/horse/part-0.tsv")
    file.parent.mkdir(parents=True)
    file.write_text("s\tcpu_time\tmax_rss\n43\t42.7\t404\n")
    expected = "1 of these jobs have run: forecast 44.0 s, they took 43.0 s, and 42.7 s of a core."
    assert expected in demo.overview()


def test_jobs_ask_for_more_than_their_forecast_and_more_again():
    assert [Cost(10.0).minutes(attempt) for attempt in (1, 2, 3)] == [15, 30, 45]
    assert Cost(1200.0).minutes(1) == 80
    assert Cost(1200.0).minutes(2) == 160
