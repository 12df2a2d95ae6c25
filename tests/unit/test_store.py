"""Stored fits: what comes back, and what is a user's mistake."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from isr.constraints import build
from isr.data.items import frame_name
from isr.errors import UserError
from isr.networks.layers import initialise_
from isr.networks.predictors import FCN
from isr.representations.union import Union
from isr.store import Group, build_predictor, load_parameters, read_fits, read_parts, write_fits

MODULES = {
    "representation": {"name": "convex", "dim": 2, "options": {"width": 8}},
    "predictor": {"kind": "fcn", "channels": 5, "options": {}},
}
ABOUT = {"settings": {"seed": 7, "note": "Größe"}, "convention": "isotropic"}
KEYS = [("p1", 7), ("p0", 7), ("p2", 7), ("p0", 8)]


def _state(number: int) -> dict[str, torch.Tensor]:
    modules = torch.nn.ModuleDict({"predictor": FCN(5), "representation": build("convex", width=8)})
    initialise_(modules, np.random.default_rng(number))
    modules["representation"].project_()
    return {name: p.detach().clone() for name, p in modules.named_parameters()}


@pytest.fixture(scope="module")
def group() -> Group:
    return Group({key: _state(number) for number, key in enumerate(KEYS)}, MODULES)


@pytest.fixture
def path(group, tmp_path):
    write_fits(tmp_path / "part-0" / "fits.safetensors", [group], ABOUT)
    return tmp_path / "part-0" / "fits.safetensors"


def test_parameters_and_metadata_come_back_bit_for_bit(group, path):
    stored = read_fits(path)
    assert stored.keys == KEYS
    assert stored.names == ["p1", "p0", "p2"]
    assert {key: stored.metadata[key] for key in ABOUT} == ABOUT
    assert stored.convention == "isotropic"
    for (name, seed), state in group.states.items():
        fits = stored.of_seed(seed)
        representation, predictor = fits.representation(name, torch.float32), fits.predictor(name)
        assert isinstance(predictor, FCN)
        for module, prefix in ((representation, "representation."), (predictor, "predictor.")):
            for key, value in module.state_dict().items():
                assert torch.equal(value, state[prefix + key]), (name, seed, key)
    assert all(not p.requires_grad for p in stored.representation("p1").parameters())


def test_fits_are_those_of_a_problem_and_a_seed(path):
    stored = read_fits(path)
    assert stored.of_seed(8).names == ["p0"]
    assert stored.of_seed(9).names == []
    one, other = (stored.of_seed(seed).state("p0", "predictor") for seed in (7, 8))
    assert not torch.equal(one["network.layers.0.weight"], other["network.layers.0.weight"])
    with pytest.raises(UserError, match=r"'p0' for 2 seeds: name one"):
        stored.state("p0", "predictor")
    with pytest.raises(UserError, match=r"no fit of 'p1': there is p0"):
        stored.of_seed(8).state("p1", "predictor")


def test_a_representation_is_converted_without_loss(group, path):
    double = read_fits(path).representation("p2")
    for key, value in double.state_dict().items():
        assert value.dtype == torch.float64
        assert torch.equal(value.float(), group.states["p2", 7]["representation." + key])


def test_groups_of_one_file_have_modules_of_their_own(group, tmp_path):
    star = build("star_shaped", width=4)
    state = {f"representation.{key}": value.detach() for key, value in star.named_parameters()}
    about = {"representation": {"name": "star_shaped", "dim": 2, "options": {"width": 4}}}
    path = tmp_path / "fits.safetensors"
    write_fits(path, [group, Group({("s", 7): state}, about)], ABOUT)
    stored = read_fits(path)
    assert stored.names == ["p1", "p0", "p2", "s"]
    assert type(stored.representation("s")) is type(star)
    assert type(stored.representation("p1")) is type(build("convex"))
    assert stored.modules("s") == about
    with pytest.raises(UserError, match="no predictor"):
        stored.predictor("s")


def test_the_objects_of_an_item_are_one_union(tmp_path):
    states = {("two/1", 7): _state(0), ("two/2", 7): _state(1), ("one", 7): _state(2)}
    write_fits(tmp_path / "fits.safetensors", [Group(states, MODULES)], ABOUT)
    stored = read_fits(tmp_path / "fits.safetensors")
    assert stored.problems("two") == ["two/1", "two/2"]
    assert stored.problems("one") == ["one"]
    union = stored.representation("two")
    assert isinstance(union, Union)
    points = torch.rand(20, 2, dtype=torch.float64)
    each = [stored.representation(name)(points) for name in ("two/1", "two/2")]
    assert torch.equal(union.parts(points), torch.stack(each, -1))


def test_frames_of_a_video_are_no_objects(tmp_path):
    states = {(frame_name("v", number), 7): _state(number) for number in range(2)}
    write_fits(tmp_path / "fits.safetensors", [Group(states, MODULES)], ABOUT)
    stored = read_fits(tmp_path / "fits.safetensors")
    assert stored.problems("v") == []
    with pytest.raises(UserError, match="no fit of 'v'"):
        stored.representation("v")


def test_odd_values_are_kept(tmp_path):
    odd = torch.tensor([0.0, -0.0, 1e-45, torch.inf, torch.nan, 3.4e38])
    write_fits(tmp_path / "odd.safetensors", [Group({("a", 0): {"x.w": odd}}, {})], {})
    again = read_fits(tmp_path / "odd.safetensors").state("a", "x")["w"]
    assert torch.equal(again.view(torch.int32), odd.view(torch.int32))


def test_the_same_states_make_the_same_file(group, path, tmp_path):
    write_fits(tmp_path / "again.safetensors", [group], dict(reversed(ABOUT.items())))
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("damage", ["empty", "text", "half", "foreign", "not json"])
def test_damaged_files_are_a_users_mistake(path, damage):
    content = path.read_bytes()
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("no fits")
    elif damage == "half":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "foreign":
        save_file({"a": torch.zeros(2)}, path)
    else:
        save_file({"a": torch.zeros(2)}, path, {"isr": "{"})
    with pytest.raises(UserError, match=r"fits\.safetensors holds no fits"):
        read_fits(path)


def test_a_missing_file_is_a_users_mistake(tmp_path):
    with pytest.raises(UserError, match=r"none\.safetensors does not exist"):
        read_fits(tmp_path / "none.safetensors")


def test_parts_of_a_batch_hold_each_fit_once(group, path):
    other = path.parent.with_name("part-1") / "fits.safetensors"
    write_fits(other, [Group({("p7", 7): _state(0), ("p1", 8): _state(1)}, MODULES)], ABOUT)
    parts = read_parts([path, other])
    assert [key for part in parts for key in part.keys] == [*KEYS, ("p7", 7), ("p1", 8)]
    write_fits(other, [Group({("p0", 8): _state(0)}, MODULES)], ABOUT)
    with pytest.raises(UserError, match="stored twice"):
        read_parts([path, other])


def test_fits_without_any_state_hold_their_metadata_alone(tmp_path):
    path = tmp_path / "fits.safetensors"
    write_fits(path, [], {**ABOUT, "frames": {"7": {"v/00000": "skipped"}}})
    empty = read_fits(path)
    assert empty.names == []
    assert empty.metadata["frames"] == {"7": {"v/00000": "skipped"}}
    with pytest.raises(UserError, match=r"'p0': there is none\."):
        empty.representation("p0")


def test_metadata_is_plain_json_in_the_file(path):
    header_length = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + header_length])
    (about,) = json.loads(header["__metadata__"]["isr"])["groups"]
    assert about["rows"] == [list(key) for key in KEYS]
    assert about["modules"] == MODULES


def test_what_cannot_be_built_again_is_a_users_mistake():
    with pytest.raises(UserError, match="'tv' is no network"):
        build_predictor({"kind": "tv", "channels": 5, "options": {}})
    with pytest.raises(UserError, match=r"depth.*correct its options"):
        build_predictor({"kind": "fcn", "channels": 5, "options": {"depth": 3}})
    with pytest.raises(UserError, match="do not fit"):
        load_parameters(build("convex", width=8), {"network.first.weight": torch.zeros(3)})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_parameters_that_are_not_finite_make_no_module(group, tmp_path, value):
    state = {name: tensor.clone() for name, tensor in group.states[KEYS[0]].items()}
    next(iter(state.values())).view(-1)[0] = value
    write_fits(tmp_path / "odd.safetensors", [Group({("a", 0): state}, MODULES)], ABOUT)
    stored = read_fits(tmp_path / "odd.safetensors")
    with pytest.raises(UserError, match=r"odd\.safetensors: .* holds NaN, infinity"):
        stored.predictor("a"), stored.representation("a")
