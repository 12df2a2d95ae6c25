"""The machine that runs Snakemake, seen without PyTorch: its GPUs, and how jobs are started.

No plan depends on it: a cluster's head node plans for GPUs of other machines.
"""

import os
import shlex
import sys
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


_ENVIRONMENT = {
    # Several threads that fight for a busy core are many times slower than one.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Freed memory stays with the process: glibc would hand whole pictures back to the system after
    # every operation, and their return, page by page, takes a third of a step's time.
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "2147483647",
    "MALLOC_TOP_PAD_": "67108864",
}


def command_line(root: Path, *, own_python: bool) -> str:
    """The definition of the shell command `isr SCRIPT [OPTION ...]`, with which jobs begin.

    It runs `scripts/SCRIPT.py` of the checkout where `isr` is found, wherever that lies and
    whatever its folders are called.

    Args:
        root: of the checkout.
        own_python: whether it runs with the Python of this process; otherwise with that of the
            environment in which the shell runs.

    Returns:
        A line of bash, with its braces doubled, as Snakemake wants them.
    """
    settings = {"PYTHONPATH": str(root / "lib"), **_ENVIRONMENT}
    python = sys.executable if own_python else "python"
    words = ["env", *(f"{name}={value}" for name, value in settings.items()), python]
    scripts = shlex.quote(str(root / "scripts"))
    line = f'isr() {{ {shlex.join(words)} {scripts}/"$1".py "${{@:2}}"; }}; '
    return line.replace("{", "{{").replace("}", "}}")
