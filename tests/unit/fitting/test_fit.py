"""Jobs from pictures on disk to stored parameters."""

import numpy as np
import pandas as pd
import pytest
import torch
from grid_settings import grid_settings

from isr.data.dataset import Picture, write_dataset
from isr.data.problems import read_unaries
from isr.evaluation.cell import evaluate_cell
from isr.fitting import checkpoint, jobs
from isr.fitting.jobs import PictureFolder
from isr.fitting.engine.long_work import Run
from isr.store import read_fits


def _picture(name: str, height: int, width: int) -> Picture:
    """A bright disc on a dark ground."""
    rows, columns = np.mgrid[0:height, 0:width]
    disc = (rows - height / 2) ** 2 + (columns - width / 2) ** 2 < 64
    image = np.where(disc[..., None], [0.9, 0.8, 0.3], [0.1, 0.2, 0.5]).astype(np.float32)
    scribbles = np.zeros((height, width), np.uint8)
    scribbles[height // 2, width // 2 - 4 : width // 2 + 4] = 1
    scribbles[1] = 255
    return Picture(name, image, scribbles, np.where(disc, 255, 0).astype(np.uint8))


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "pictures"
    pictures = [_picture("first", 30, 40), _picture("second", 36, 24)]
    write_dataset(folder, pictures, source="drawn", licence="none")
    return folder


def _settings(**changed):
    return grid_settings(**{"stack_size": 2, **changed})


def test_a_prediction_and_its_projection_find_the_disc(dataset, tmp_path):
    prediction = tmp_path / "prediction"
    jobs.predict(PictureFolder(dataset, _settings()), prediction)
    for name, shape in ("first", (30, 40)), ("second", (36, 24)):
        unaries = read_unaries(prediction / "unaries" / f"{name}.png")
        assert unaries.shape == shape
        assert unaries[shape[0] // 2, shape[1] // 2] > 0.9
        assert unaries[1].max() < 0.1
    pictures = PictureFolder(dataset, _settings(), predictions=prediction)
    jobs.fit(pictures, ["second"], tmp_path / "fits.safetensors", tmp_path / "h.parquet")
    fits = read_fits(tmp_path / "fits.safetensors")
    assert fits.names == ["second"]
    assert fits.metadata["finite"] == {"second": True}
    centre = torch.tensor([[12 / 36, 0.5], [12 / 36, 1.5 / 36]], dtype=torch.float64)
    inside, outside = fits.representation("second")(centre).tolist()
    assert inside < 0 < outside


def test_a_smaller_scale_predicts_at_a_smaller_size(dataset, tmp_path):
    settings = _settings(predictor_options={"kind": "fcn", "scale": 0.5}, steps=2)
    jobs.predict(PictureFolder(dataset, settings), tmp_path / "half")
    assert read_unaries(tmp_path / "half" / "unaries" / "first.png").shape == (15, 20)


def test_a_checkpoint_of_other_scribbles_is_not_used(dataset, tmp_path, monkeypatch):
    saved = tmp_path / "part.pt"
    monkeypatch.setattr(jobs, "finish", lambda *_: (_ for _ in ()).throw(InterruptedError))
    arguments = (["first"], tmp_path / "fits.safetensors", tmp_path / "h.parquet")
    run = Run(checkpoint=saved, every=0.0)
    settings = _settings(fit="joint", steps=60)
    with pytest.raises(InterruptedError):
        jobs.fit(PictureFolder(dataset, settings), *arguments, run=run)
    assert saved.exists()
    resumed = []
    monkeypatch.setattr(
        checkpoint, "resume", lambda *given: resumed.append(_resume(*given)) or resumed[-1]
    )
    with pytest.raises(InterruptedError):
        jobs.fit(PictureFolder(dataset, settings), *arguments, run=run)
    other = _picture("first", 30, 40)
    other.scribbles[2] = 255
    write_dataset(dataset, [other], source="drawn", licence="none")
    with pytest.raises(InterruptedError):
        jobs.fit(PictureFolder(dataset, settings), *arguments, run=run)
    assert resumed == [True, False]


_resume = checkpoint.resume


def test_a_finished_fit_leaves_no_checkpoint(dataset, tmp_path):
    jobs.fit(
        PictureFolder(dataset, _settings(fit="joint", steps=4)),
        ["first"],
        tmp_path / "fits.safetensors",
        tmp_path / "h.parquet",
        run=Run(checkpoint=tmp_path / "part.pt", every=0.0),
    )
    assert not (tmp_path / "part.pt").exists()
    assert read_fits(tmp_path / "fits.safetensors").predictor("first") is not None


def test_what_is_not_trained_leaves_the_same_files_and_is_projected(dataset, tmp_path):
    options = {"kind": "tv", "alpha": 0.03, "scale": 1.0}
    settings = _settings(predictor="tv", predictor_options=options)
    prediction = tmp_path / "prediction"
    jobs.predict(PictureFolder(dataset, settings | {"steps": 0}), prediction)
    stored = read_fits(prediction / "predictor.safetensors")
    assert stored.names == ["first", "second"]
    assert stored.metadata["finite"] == {"first": True, "second": True}
    assert 0 <= float(stored.state("first", "segmentation")["gap"]) < 1e-3
    pictures = PictureFolder(dataset, settings, predictions=prediction)
    part = tmp_path / "fits.safetensors"
    jobs.fit(pictures, pictures.names, part, tmp_path / "h.parquet")
    evaluate_cell([read_fits(part)], pictures, tmp_path / "cell", semantic="none")
    metrics = pd.read_csv(tmp_path / "cell" / "metrics.csv").set_index("output")
    assert (metrics.loc["predictor", "iou"] > 0.95).all()
    assert (metrics.loc["predictor", "steps"] == 0).all()
    assert (metrics.loc["representation", "iou"] > 0.8).all()
    assert (metrics.loc["representation", "steps"] == 120).all()


def test_alpha_is_stored_and_changes_the_fit(dataset, tmp_path):
    found = []
    for number, changed in enumerate([{}, {"alpha": 1.0}, {"alpha": 0.1}, {"uncoupled": 0.5}]):
        settings = _settings(fit="joint", steps=12) | changed
        part = tmp_path / f"{number}.safetensors"
        jobs.fit(PictureFolder(dataset, settings), ["first"], part, tmp_path / "h.parquet")
        stored = read_fits(part)
        assert stored.metadata["schedule"][1]["terms"]["coupling"] == changed.get("alpha", 1.0)
        found.append(stored.state("first", "representation")["network.first.weight"])
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert not torch.equal(found[0], found[3])
