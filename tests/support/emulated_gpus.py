"""Two devices that are not there, for jobs that fit: they claim one, and compute on the processor.

Put into a copy of the library as `sitecustomize`, which Python imports at its start. A job writes
down which device it had, and from when to when.
"""

import atexit
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

if "fit" in "".join(sys.orig_argv[1:3]):
    import torch

    torch.cuda.is_available = lambda: True
    torch.cuda.device_count = lambda: 2
    torch.cuda.get_device_properties = lambda number: SimpleNamespace(uuid=f"emulated-{number}")
    torch.cuda.mem_get_info = lambda number: (1, 1)
    torch.cuda.set_device = lambda number: None

    from isr.fitting.engine import devices

    claim = devices.claim

    def claimed():
        """The processor; the device that was claimed is written down."""
        number = claim().index
        torch.cuda.is_available = lambda: False
        start = time.time()
        record = Path("devices", str(os.getpid()))
        record.parent.mkdir(exist_ok=True)
        atexit.register(lambda: record.write_text(f"{number} {start} {time.time()}"))
        return torch.device("cpu")

    devices.claim = claimed
