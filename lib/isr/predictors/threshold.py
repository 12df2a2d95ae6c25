"""Thresholds of a grey value."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.predictors.seeded import BACKGROUND, OBJECT, Colours, Seeded, Seeds


class Threshold(Seeded):
    """Pixels on the object's side of a threshold of lightness, as the scribbles say which it is."""

    title: ClassVar[str] = "threshold"
    most: ClassVar[int | None] = None

    kind: Literal["threshold"]
    value: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None,
        description="grey value between the two sides; null: the one that parts the "
        "histogram best (Otsu 1979)",
    )

    def segment(self, colours: Colours, seeds: Seeds) -> NDArray[Any]:
        """A mask."""
        from skimage.color import rgb2gray
        from skimage.filters import threshold_otsu

        grey = rgb2gray(colours)
        value = self.value
        if value is None:
            # A picture of one grey has no two sides.
            value = threshold_otsu(grey) if grey.min() < grey.max() else float(grey.max())
        bright = np.median(grey[seeds == OBJECT]) > np.median(grey[seeds == BACKGROUND])
        return np.asarray(grey > value if bright else grey <= value)
