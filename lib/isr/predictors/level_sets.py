"""Morphological active contours (Marquez-Neila, Baumela & Alvarez 2014), of scikit-image."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.predictors.seeded import Colours, Seeded, Seeds, nearest

Smoothing = Annotated[int, Field(ge=0)]
Iterations = Annotated[int, Field(ge=1)]


class ChanVese(Seeded):
    """A contour between two regions that are each as even as can be (Chan & Vese 2001)."""

    title: ClassVar[str] = "Chan-Vese"

    kind: Literal["chan_vese"]
    iterations: Iterations = Field(100, description="of the contour")
    smoothing: Smoothing = Field(2, description="how often it is smoothed in each")

    def segment(self, colours: Colours, seeds: Seeds) -> NDArray[Any]:
        """A mask, from where the nearest scribble is of the object, in lightness."""
        from skimage.color import rgb2lab
        from skimage.segmentation import morphological_chan_vese

        begin = nearest(seeds)
        found = morphological_chan_vese(
            rgb2lab(colours)[..., 0] / 100,
            self.iterations,
            init_level_set=begin,
            smoothing=self.smoothing,
        )
        return np.asarray(found, bool)


class MorphologicalGeodesic(Seeded):
    """A contour that shrinks onto edges (Caselles, Kimmel & Sapiro 1997)."""

    title: ClassVar[str] = "geodesic contour"

    kind: Literal["morphological_geodesic"]
    iterations: Iterations = Field(200, description="of the contour")
    smoothing: Smoothing = Field(1, description="how often it is smoothed in each")
    sigma: Annotated[float, Field(gt=0)] = Field(
        2.0, description="standard deviation of the filter that finds edges, in pixels"
    )

    def segment(self, colours: Colours, seeds: Seeds) -> NDArray[Any]:
        """A mask, from where the nearest scribble is of the object."""
        from skimage.color import rgb2gray
        from skimage.segmentation import (
            inverse_gaussian_gradient,
            morphological_geodesic_active_contour,
        )

        found = morphological_geodesic_active_contour(
            inverse_gaussian_gradient(rgb2gray(colours), sigma=self.sigma),
            self.iterations,
            init_level_set=nearest(seeds),
            smoothing=self.smoothing,
            balloon=-1,
        )
        return np.asarray(found, bool)
