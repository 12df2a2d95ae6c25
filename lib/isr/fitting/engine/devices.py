"""Accelerators: which one a job takes among those that it sees, and how they round."""

import os
import tempfile
from pathlib import Path

import torch

from isr.settings import Precision

_held: dict[Path, int] = {}
"""Open files whose locks say which devices this process has; they end with it, however it ends."""


def claim(folder: Path | None = None) -> torch.device:
    """A CUDA device for this process until it ends: the first that no other job has claimed.

    A job sees what CUDA_VISIBLE_DEVICES leaves it. Jobs of one machine tell each other by locks on
    files that are named by the device; where all are taken, the one with the most free memory is
    shared.

    Args:
        folder: of these files; None for the system's folder of temporary files.
    """
    folder = Path(tempfile.gettempdir()) if folder is None else folder
    visible = range(torch.cuda.device_count())
    free = (number for number in visible if _lock(folder / f"isr-{_name(number)}.lock"))
    number = next(free, None)
    if number is None:
        number = max(visible, key=lambda each: torch.cuda.mem_get_info(each)[0])
    # Streams and graphs are made, and memory is counted, on the current device.
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def _name(number: int) -> str:
    """What tells a device apart from the others of the machine, whatever a job sees of them."""
    return str(torch.cuda.get_device_properties(number).uuid)


def _lock(path: Path) -> bool:
    """Lock a file for the life of this process, unless another process has."""
    import fcntl  # Not on every system that the library without its jobs runs on.

    if path in _held:
        return True
    # Where another user made the file, it can be locked but not opened for writing.
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        file = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    _held[path] = file
    return True


def use_precision(precision: Precision) -> None:
    """Let products on accelerators round as `precision` says, and each run alike.

    PyTorch by itself rounds the factors of convolutions to TF32, and takes whichever algorithm.
    """
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.deterministic = True
