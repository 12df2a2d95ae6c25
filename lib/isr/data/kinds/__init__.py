"""The kinds of data sets: one file each, and one line here."""

from typing import Any

from isr.data.kinds.authors import Authors
from isr.data.kinds.base import DatasetKind, Known
from isr.data.kinds.convexitydb import ConvexityDB
from isr.data.kinds.drawn import Drawn
from isr.data.kinds.embedded import Embedded
from isr.data.kinds.fbms import FBMS
from isr.data.kinds.fruit import Fruit
from isr.data.kinds.gallery import Gallery
from isr.data.kinds.pictures import Pictures
from isr.data.kinds.videos import Videos
from isr.data.kinds.volumes import Volumes
from isr.models import one_of, parse

__all__ = ["KINDS", "Dataset", "DatasetKind", "Known", "read_entry"]

KINDS: tuple[type[DatasetKind], ...] = (
    Embedded,
    Gallery,
    Drawn,
    Fruit,
    Pictures,
    Volumes,
    Videos,
    ConvexityDB,
    Authors,
    FBMS,
)

Dataset = one_of(KINDS)
"""The type of an entry of `datasets`."""


def read_entry(content: Any, where: str = "data set") -> DatasetKind:
    """The data set of an entry of the configuration.

    Raises:
        UserError: a key is wrong; the message names it.
    """
    return parse(Dataset, content, where)  # type: ignore[no-any-return]
