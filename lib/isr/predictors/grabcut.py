"""GrabCut (Rother, Kolmogorov & Blake 2004), of OpenCV."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.predictors.seeded import BACKGROUND, OBJECT, Colours, Seeded, Seeds, nearest


class GrabCut(Seeded):
    """Graph cuts between mixtures of Gaussians of the colours of object and background."""

    title: ClassVar[str] = "GrabCut"

    kind: Literal["grabcut"]
    iterations: Annotated[int, Field(ge=1)] = Field(
        5, description="of cuts and new mixtures, until nothing is gained as a rule"
    )

    def segment(self, colours: Colours, seeds: Seeds) -> NDArray[Any]:
        """A mask, from where the nearest scribble is of the object."""
        import cv2

        labels = np.where(nearest(seeds), cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        labels[seeds == OBJECT], labels[seeds == BACKGROUND] = cv2.GC_FGD, cv2.GC_BGD
        picture = np.ascontiguousarray(np.rint(colours[..., ::-1] * 255).astype(np.uint8))
        models = np.zeros((2, 1, 65))
        cv2.setRNGSeed(0)  # Its mixtures begin with k-means.
        none, how = (0, 0, 0, 0), cv2.GC_INIT_WITH_MASK
        cv2.grabCut(picture, labels, none, models[0], models[1], self.iterations, how)
        return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))
