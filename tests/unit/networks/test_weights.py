"""Weights that others made: real, finite, and read without running code."""

import io

import pytest
import torch

from isr.errors import UserError
from isr.networks.weights import check_finite, read_weights


def saved(content):
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


@pytest.mark.parametrize("wrapped", [False, True])
def test_weights_come_back(tmp_path, wrapped):
    state = {"w": torch.arange(3.0), "n": torch.tensor(2)}
    content = saved({"state_dict": state} if wrapped else state)
    (tmp_path / "a.pth").write_bytes(content)
    for source in (content, tmp_path / "a.pth"):
        found = read_weights(source, "a.pth")
        assert list(found) == ["w", "n"]
        assert torch.equal(found["w"], state["w"])


@pytest.mark.parametrize(
    "odd",
    [
        torch.tensor([1.0, torch.nan]),
        torch.tensor([torch.inf]),
        torch.ones(2, dtype=torch.complex64),
    ],
)
def test_weights_that_are_no_finite_real_numbers_are_refused(odd):
    with pytest.raises(UserError, match=r"a\.pth: 'w' holds NaN, infinity or no real numbers"):
        read_weights(saved({"w": odd}), "a.pth")


@pytest.mark.parametrize("content", [{1: torch.ones(1)}, [1], {"w": 3}, torch.ones(2)])
def test_what_is_no_state_is_refused(content):
    with pytest.raises(UserError, match="holds no state_dict"):
        read_weights(saved(content), "a.pth")


def test_damaged_bytes_are_one_sentence():
    with pytest.raises(UserError, match=r"a\.pth cannot be read as weights \(.*\): get it again"):
        read_weights(saved({"w": torch.ones(9)})[:-40], "a.pth")
    with pytest.raises(UserError, match="holds no weights at 'w'"):
        check_finite({"w": "text"}, "a", "-")
