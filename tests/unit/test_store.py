import json

import pytest
import torch
from safetensors.torch import save_file

from isr.errors import UserError
from isr.fitting.engine.stack import run
from isr.store import read_fits, read_parts, write_fits
from isr.networks.fcn import FCN

ABOUT = {
    "representation": {"name": "convex", "dim": 2, "options": {"width": 8}},
    "predictor": {"kind": "fcn", "channels": 5, "options": {}},
    "settings": {"seed": 7, "note": "Größe"},
}


@pytest.fixture(scope="module")
def states(make_stack) -> dict[str, dict[str, torch.Tensor]]:
    return dict(run(make_stack(["p1", "p0", "p2"], kind="fcn", steps=5, stack_size=3)).states)


@pytest.fixture
def path(states, tmp_path):
    write_fits(tmp_path / "cell" / "part-0.safetensors", states, ABOUT)
    return tmp_path / "cell" / "part-0.safetensors"


def test_parameters_and_metadata_come_back_bit_for_bit(states, path):
    fits = read_fits(path)
    assert fits.names == ["p1", "p0", "p2"]
    assert {key: fits.metadata[key] for key in ABOUT} == ABOUT
    assert set(fits.metadata["versions"]) == {"isr", "torch", "numpy"}
    for name, state in states.items():
        representation = fits.representation(name, torch.float32)
        predictor = fits.predictor(name)
        assert isinstance(predictor, FCN)
        for module, prefix in ((representation, "representation."), (predictor, "predictor.")):
            for key, value in module.state_dict().items():
                assert torch.equal(value, state[prefix + key]), (name, key)
    assert all(not p.requires_grad for p in fits.representation("p0").parameters())


def test_a_representation_is_converted_without_loss(states, path):
    double = read_fits(path).representation("p0")
    for key, value in double.state_dict().items():
        assert value.dtype == torch.float64
        assert torch.equal(value.float(), states["p0"]["representation." + key])


def test_odd_values_are_kept(tmp_path):
    odd = torch.tensor([0.0, -0.0, 1e-45, torch.inf, torch.nan, 3.4e38])
    write_fits(tmp_path / "odd.safetensors", {"a": {"x.w": odd}}, {})
    again = read_fits(tmp_path / "odd.safetensors").state("a", "x")["w"]
    assert torch.equal(again.view(torch.int32), odd.view(torch.int32))


def test_the_same_states_make_the_same_file(states, path, tmp_path):
    write_fits(tmp_path / "again.safetensors", states, dict(reversed(ABOUT.items())))
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_unknown_names_and_missing_predictors_are_a_users_mistake(states, path, tmp_path):
    with pytest.raises(UserError, match=r"'p9'.*p1, p0, p2"):
        read_fits(path).representation("p9")
    about = {key: value for key, value in ABOUT.items() if key != "predictor"}
    write_fits(tmp_path / "alone.safetensors", states, about)
    with pytest.raises(UserError, match="no predictor"):
        read_fits(tmp_path / "alone.safetensors").predictor("p0")


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
    with pytest.raises(UserError, match=r"part-0\.safetensors holds no fits"):
        read_fits(path)


def test_a_missing_file_is_a_users_mistake(tmp_path):
    with pytest.raises(UserError, match=r"none\.safetensors does not exist"):
        read_fits(tmp_path / "none.safetensors")


def test_parts_of_a_cell_hold_each_picture_once(states, path):
    other = path.with_name("part-1.safetensors")
    write_fits(other, {"p7": states["p0"]}, ABOUT)
    parts = read_parts([path, other])
    assert [name for part in parts for name in part.names] == ["p1", "p0", "p2", "p7"]
    write_fits(other, {"p0": states["p0"]}, ABOUT)
    with pytest.raises(UserError, match="stored twice"):
        read_parts([path, other])


def test_fits_without_any_state_hold_their_metadata_alone(states, path):
    other = path.with_name("part-1.safetensors")
    with pytest.raises(ValueError, match="no states to store"):
        write_fits(other, {}, ABOUT)
    write_fits(other, {}, {**ABOUT, "frames": {"v/0": "skipped"}}, allow_none=True)
    empty = read_fits(other)
    assert empty.names == []
    assert dict(empty.parameters) == {}
    assert empty.metadata["frames"] == {"v/0": "skipped"}
    with pytest.raises(UserError, match=r"'p0' is stored: there is none\."):
        empty.representation("p0")
    assert [part.names for part in read_parts([other, path])] == [[], ["p1", "p0", "p2"]]


def test_metadata_is_plain_json_in_the_file(path):
    header_length = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + header_length])
    assert json.loads(header["__metadata__"]["isr"])["names"] == ["p1", "p0", "p2"]
