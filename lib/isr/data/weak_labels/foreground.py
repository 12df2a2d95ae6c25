"""Which annotated object of a video is its foreground: one rule, applied once for each video.

Where it is known from elsewhere, by the authors' mapping or because we drew the video, that object
is it. Else it is the annotated object that most foreground labels lie on. Labels never see the
ground truth: the ground truth chooses the object that corresponds to them, as the authors' mapping
does. about.json of the labels keeps the choice, and whether the labels agree with it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isr.data.items import Item
from isr.data.weak_labels.store import FOREGROUND, WeakLabels
from isr.errors import UserError

LEAST = 0.5
"""Labels follow an object if at least this share of their foreground lies on it."""
ANOTHER, NONE = "another object", "no object"

_KEY = "foreground"


@dataclass(frozen=True)
class Foreground:
    """The object that a video is scored by, and how the labels of its annotated frames lie.

    Attributes:
        object: its number.
        objects: how many objects are annotated.
        named: whether it is known from elsewhere than the labels.
        share: of the foreground labels, those that lie on it; 0 if there are none.
        follow: "" if the labels follow it, else ANOTHER or NONE.
    """

    object: int
    objects: int
    named: bool
    share: float
    follow: str

    @property
    def is_sure(self) -> bool:
        """Whether no other object can be meant."""
        return self.named or self.objects == 1


def choose(counts: NDArray[np.int64], objects: int, named: int | None) -> Foreground:
    """Choose the foreground of a video.

    Args:
        counts: (n,) how many foreground labels of all annotated frames lie on the background [0]
            and on each object.
        objects: how many objects are annotated.
        named: number of the object that is known to be the foreground; None if that is not known.

    >>> choose(np.array([10, 20, 70]), 2, None)
    Foreground(object=2, objects=2, named=False, share=0.7, follow='')
    >>> choose(np.array([10, 20, 70]), 2, 1).follow, choose(np.array([80, 20, 0]), 2, 1).follow
    ('another object', 'no object')
    """
    most = 1 + int(counts[1:].argmax()) if len(counts) > 1 else 1
    chosen = most if named is None else named
    on = [int(counts[number]) if number < len(counts) else 0 for number in (chosen, most)]
    share = on[0] / max(1, int(counts.sum()))
    follow = ANOTHER if on[1] > on[0] else "" if share >= LEAST else NONE
    return Foreground(chosen, objects, named is not None, round(share, 4), follow)


def tallied(
    video: Item, frames: Iterable[WeakLabels], about: dict[str, Any]
) -> Iterator[WeakLabels]:
    """Hand labels on, and when all are drawn add to `about` which object they follow.

    Args:
        video: that they belong to; nothing is added if it has no ground truth.
        frames: labels of every frame in order, made without a look at these counts.
        about: of the labels.
    """
    counts, there = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for number, frame in enumerate(frames):
        objects = video.objects(number) if number in video.annotated else None
        if objects is not None:
            counts += np.bincount(objects[frame.labels == FOREGROUND], minlength=256)
            there += np.bincount(objects.ravel(), minlength=256)
        yield frame
    if there[1:].any():
        named = video.object if video.named else None
        about[_KEY] = asdict(choose(counts, int(np.count_nonzero(there[1:])), named))


def foreground_of(about: Mapping[str, Any]) -> Foreground | None:
    """The foreground that labels keep in what is known of them; None if nothing is annotated.

    Raises:
        UserError: it is not of that form.
    """
    if _KEY not in about:
        return None
    try:
        return Foreground(**about[_KEY])
    except TypeError:
        raise UserError(
            f"about.json of weak labels: {_KEY!r} is {about[_KEY]!r}: label the video again."
        ) from None


def scored(video: Item, about: Mapping[str, Any]) -> Item:
    """The video with the ground truth of the object that is its foreground.

    Args:
        video: as it was unpacked.
        about: what is known of its labels.
    """
    found = foreground_of(about)
    return video if found is None else video.of_object(found.object)
