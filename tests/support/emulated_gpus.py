"""Devices that are not there, for jobs that fit: they claim one, and compute on the processor.

Put into a copy of the library as `sitecustomize`, which Python imports at its start. A job sees the
devices of CUDA_VISIBLE_DEVICES, else two, and writes down which it had, and from when to when.
"""

import atexit
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

if "fit" in {Path(word).stem for word in sys.orig_argv[1:5]}:
    import torch

    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0,1").split(",")
    torch.cuda.is_available = lambda: True
    torch.cuda.device_count = lambda: len(visible)
    torch.cuda.get_device_properties = lambda number: SimpleNamespace(uuid=f"own-{visible[number]}")
    torch.cuda.mem_get_info = lambda number: (1, 1)
    torch.cuda.set_device = lambda number: None

    from isr.fitting.engine import devices

    claim = devices.claim

    def claimed():
        """The processor; the device that was claimed is written down."""
        device = visible[claim().index]
        torch.cuda.is_available = lambda: False
        start = time.time()
        record = Path("devices", f"{os.environ.get('SLURM_JOB_ID', '')}-{os.getpid()}")
        record.parent.mkdir(exist_ok=True)
        record.write_text(f"{device} {start} {start}")
        atexit.register(lambda: record.write_text(f"{device} {start} {time.time()}"))
        return torch.device("cpu")

    devices.claim = claimed


def read_records(folder):
    """From when to when jobs had each device, in order; those that were killed, for a moment."""
    times = {}
    for record in Path(folder, "devices").iterdir():
        device, start, end = record.read_text().split()
        times.setdefault(device, []).append((float(start), float(end)))
    return {device: sorted(own) for device, own in times.items()}
