"""What the machine that runs Snakemake has, seen without PyTorch.

No plan depends on it: a cluster's head node plans for GPUs of other machines.
"""

import os
from pathlib import Path

_DEVICES = ("nvidia[0-9]*", "kfd", "dxg")
"""Files of NVIDIA's and AMD's drivers, and of Windows' subsystem for Linux."""


def has_gpu(folder: Path = Path("/dev")) -> bool:
    """Whether jobs on this machine see a GPU.

    Args:
        folder: of the devices.
    """
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return not hidden and any(any(folder.glob(pattern)) for pattern in _DEVICES)
