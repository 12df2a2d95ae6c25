"""The registry of predictors: what their entries say, and what they can be used for."""

from typing import Literal

import numpy as np
import pytest
import torch

from isr.coordinates import pixel_coordinates
from isr.data.kinds import Known
from isr.data.problems import Problem
from isr.errors import UserError
from isr.models import kind_of
from isr.networks.predictors import Predictor
from isr.predictors import KINDS, Computed, Given, Trained, kind_named, read_entry
from isr.predictors.base import Computation, is_framewise, needs_predictions, trains_along
from isr.settings import CellSettings
from isr.store import build_predictor

NOTHING, SCRIBBLED = Known(), Known(scribbles=True)
WITH_UNARIES, WITH_DEPTH = Known(unaries=True), Known(scribbles=True, third="depth")
VIDEO = Known(third="t")


def test_kinds_are_told_apart():
    names = [kind_of(kind) for kind in KINDS]
    assert len(set(names)) == len(names) >= 5
    assert [kind_named(name) for name in names] == list(KINDS)
    assert kind_named("other") is None
    assert all(kind.title and kind.__doc__ for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=kind_of)
def test_every_kind_has_defaults_and_every_network_can_be_made(kind):
    entry = read_entry({"kind": kind_of(kind)})
    assert type(entry) is kind
    assert entry.scale == 1
    if isinstance(entry, Trained):
        about = {"kind": entry.kind, "channels": 4, "options": entry.options()}
        network = build_predictor(about)
        assert isinstance(network, Predictor)
        with torch.no_grad():
            assert network.picture_levels(torch.zeros(32, 48, 4)).shape == (32, 48)


@pytest.mark.parametrize(
    ("kind", "known", "words"),
    [
        ("given", NOTHING, "unaries or scribbles of its own"),
        ("given", SCRIBBLED, ""),
        ("given", WITH_UNARIES, ""),
        ("fcn", WITH_UNARIES, "scribbles"),
        ("fcn", WITH_DEPTH, ""),
        ("cnn", NOTHING, "scribbles"),
        ("cnn", SCRIBBLED, ""),
        ("cnn", WITH_DEPTH, "a picture without a third coordinate"),
        ("tv", NOTHING, "scribbles"),
        ("tv", SCRIBBLED, ""),
        ("tv", WITH_DEPTH, "a picture without a third coordinate"),
        ("unet", VIDEO, ""),
        ("unet", SCRIBBLED, "frames: it is for videos"),
    ],
)
def test_what_an_item_lacks_is_told(kind, known, words):
    assert read_entry({"kind": kind}).refuses(known) == words


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"kind": "unett"}, "kind is 'unett'; choose one of given, .*did you mean unet"),
        ({"kind": "fcn", "scale": 0.0}, "scale is 0.0; it must be more than 0"),
        ({"kind": "fcn", "scale": 1.5}, "scale is 1.5; it must be at most 1"),
        ({"kind": "cnn", "width": 3}, "width is unknown; choose one of kind, scale"),
        ({"kind": "tv", "alpha": -1.0}, "alpha is -1.0; it must be at least 0"),
        ({"kind": "unet", "width": 0}, "width is 0; it must be at least 1"),
        (
            {"kind": "unet", "channel_order": "grb"},
            "channel_order is 'grb'; choose one of rgb, bgr",
        ),
        ({"kind": "unet", "decay": 0}, "decay is 0; it must be more than 0"),
    ],
)
def test_bad_entries(entry, message):
    with pytest.raises(UserError, match=message):
        read_entry(entry)


def test_options_of_a_unet_reach_its_network():
    assert read_entry({"kind": "unet"}).options() == {"width": 64}
    entry = read_entry({"kind": "unet", "width": 4, "channel_order": "bgr"})
    assert entry.options() == {"width": 4, "channel_order": "bgr"}


@pytest.mark.parametrize(
    ("kind", "fit", "protocol", "along", "stored"),
    [
        ("given", "sequential", "paper", False, False),
        ("given", "joint", "paper", False, False),
        ("fcn", "sequential", "paper", False, True),
        ("fcn", "joint", "paper", True, False),
        ("fcn", "sequential", "published-code", True, False),
        ("tv", "sequential", "paper", False, True),
        # A joint fit of a video goes on from the stored network.
        ("unet", "joint", "paper", False, True),
        ("unet", "sequential", "published-code", False, True),
    ],
)
def test_what_is_trained_along_and_what_is_projected(kind, fit, protocol, along, stored):
    predictor, cell = read_entry({"kind": kind}), CellSettings(fit=fit)
    assert trains_along(predictor, cell, protocol) is along
    assert needs_predictions(predictor, cell, protocol) is stored


def test_videos_are_fitted_frame_by_frame_unless_in_time():
    assert is_framewise(CellSettings(), True)
    assert not is_framewise(CellSettings(), False)
    assert not is_framewise(CellSettings(fit="spatio-temporal"), True)


class Bright(Computed):
    """A predictor of one's own: what is bright is the object."""

    title = "brightness"

    kind: Literal["bright"] = "bright"

    def compute(self, problem, features):
        return Computation(problem.features.mean(-1))


def test_a_predictor_of_ones_own_is_one_class():
    problem = Problem("a", np.zeros((2, 3, 2)), features=np.full((2, 3, 3), 0.25, np.float32))
    found = Bright().compute(problem, "rgb")
    assert (found.unaries == 0.25).all()
    assert (found.converged, dict(found.numbers)) == (True, {})
    assert Bright().refuses(SCRIBBLED) == ""
    assert Bright().refuses(NOTHING) == "scribbles"


def test_tv_computes_unaries_with_their_energy():
    coordinates = pixel_coordinates(12, 12).astype(np.float32)
    disc = np.linalg.norm(coordinates - 0.5, axis=-1) < 0.3
    scribbles = np.zeros((12, 12), np.uint8)
    scribbles[6, 5:8], scribbles[0] = 1, 255
    features = np.repeat(disc[..., None], 3, axis=-1).astype(np.float32)
    found = read_entry({"kind": "tv"}).compute(
        Problem("disc", coordinates, scribbles, features), "rgb"
    )
    assert ((found.unaries > 0.5) == disc).all()
    assert found.converged
    assert set(found.numbers) == {"energy", "gap", "iterations"}
    assert "iterations, energy" in found.remark
    for lacking in ({"scribbles": None}, {"features": None}):
        problem = Problem(
            "disc", coordinates, **{"scribbles": scribbles, "features": features, **lacking}
        )
        with pytest.raises(UserError, match="disc: tv needs features and scribbles"):
            read_entry({"kind": "tv"}).compute(problem, "rgb")
    assert Given().kind == "given"
