"""The accelerator that the tests marked `gpu` run on."""

import os

import pytest
import torch

VARIABLE = "ISR_TEST_DEVICE"


def accelerator() -> str:
    """The device: `cuda`, or what the environment names (`cpu`, to try the tests without one).

    Where there is none, the test that asks is skipped.
    """
    device = os.environ.get(VARIABLE, "cuda")
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip(f"no CUDA device here; {VARIABLE}=cpu tries the test on the processor")
    return device
