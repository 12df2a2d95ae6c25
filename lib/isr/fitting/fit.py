"""Fits: one part of a batch of cells, from items on disk to stored parameters, of any items.

A picture, a picture with depth or a volume is fitted as a whole (`fitting.wholes`); a video frame
by frame (`fitting.frames`), jointly with its UNet (`fitting.joint_frames`), or as one region in
(x, y, t) (`fitting.in_time`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isr.errors import UserError
from isr.fitting import frames, in_time, joint_frames, wholes
from isr.fitting.engine.devices import use_precision
from isr.fitting.engine.queue import Key
from isr.fitting.jobs import FitJob, Found, write_history
from isr.io import atomic_folder, must_write
from isr.settings import SPATIO_TEMPORAL
from isr.store import FITS, HISTORY, PREDICTORS, write_fits

__all__ = ["FitJob", "fit"]


def fit(job: FitJob, output: Path) -> None:
    """Fit the items of a part and store their parameters and the course of the loss terms.

    Args:
        job: what is fitted.
        output: folder to make, with the files FITS, HISTORY and maybe PREDICTORS.

    Raises:
        UserError: files are missing or of other things, there are too few steps, or an item cannot
            be fitted so.
    """
    use_precision(job.precision)
    must_write(output.parent)
    found = Found()
    by_video: dict[bool, list[Key]] = {False: [], True: []}
    for key in job.keys:
        by_video[job.items[key[0]].is_video].append(key)
    if by_video[False]:
        found.add(_fit_wholes(job, by_video[False]))
    if by_video[True]:
        found.add(_fit_videos(job, by_video[True]))
    metadata = job.metadata(
        schedules=found.schedules,
        **{name: _by_seed(getattr(found, name)) for name in ("finite", "frames", "noisy")},
    )
    with atomic_folder(output) as folder:
        write_history(folder / HISTORY, found.history)
        if found.predictors:
            write_fits(folder / PREDICTORS, found.predictors, metadata)
        write_fits(folder / FITS, found.groups, metadata)
    job.run.end()


def _fit_wholes(job: FitJob, keys: Sequence[Key]) -> Found:
    if job.cell.fit == SPATIO_TEMPORAL:
        raise UserError(
            f"{keys[0][0]} is no video, but fit is {SPATIO_TEMPORAL}: take fit sequential."
        )
    return wholes.fit(job, keys)


def _fit_videos(job: FitJob, keys: Sequence[Key]) -> Found:
    match job.cell.fit:
        case "joint":
            return joint_frames.fit(job, keys)
        case "sequential":
            return frames.fit(job, keys)
    return in_time.fit(job, keys)


def _by_seed(values: Mapping[Key, Any]) -> dict[str, dict[str, Any]]:
    """What is known of fits, by seed and name."""
    found: dict[str, dict[str, Any]] = {}
    for (name, seed), value in values.items():
        found.setdefault(str(seed), {})[name] = value
    return found
