"""Watersheds from markers (Meyer 1991), of scikit-image."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.predictors.seeded import BACKGROUND, OBJECT, Colours, Seeded, Seeds


class Watershed(Seeded):
    """Basins of the colour gradient that are flooded from the scribbles."""

    title: ClassVar[str] = "watershed"

    kind: Literal["watershed"]
    sigma: Annotated[float, Field(ge=0)] = Field(
        1.0, description="standard deviation by which the picture is smoothed first, in pixels"
    )
    compactness: Annotated[float, Field(ge=0)] = Field(
        0.0, description="larger values make basins of even extent"
    )

    def segment(self, colours: Colours, seeds: Seeds) -> NDArray[Any]:
        """A mask."""
        from skimage.filters import gaussian, sobel
        from skimage.segmentation import watershed

        smooth = gaussian(colours, self.sigma, channel_axis=-1)
        gradient = np.max([sobel(smooth[..., channel]) for channel in range(3)], axis=0)
        markers = np.zeros(seeds.shape, np.int32)
        markers[seeds == OBJECT], markers[seeds == BACKGROUND] = 1, 2
        return np.asarray(watershed(gradient, markers, compactness=self.compactness) == 1)
