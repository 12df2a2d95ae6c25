"""The random walker (Grady 2006), of scikit-image."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.predictors.seeded import BACKGROUND, OBJECT, Colours, Seeded, Seeds


class RandomWalker(Seeded):
    """The probability that a random walk, which edges hold up, meets the object first."""

    title: ClassVar[str] = "random walker"

    kind: Literal["random_walker"]
    beta: Annotated[float, Field(gt=0)] = Field(
        130.0, description="how much differences of colour hold a walk up"
    )

    def segment(self, colours: Colours, seeds: Seeds) -> NDArray[Any]:
        """Probabilities."""
        from skimage.segmentation import random_walker

        labels = np.zeros(seeds.shape, np.int32)
        labels[seeds == OBJECT], labels[seeds == BACKGROUND] = 1, 2
        found = random_walker(
            colours, labels, beta=self.beta, mode="cg_j", channel_axis=-1, return_full_prob=True
        )
        return np.asarray(found[0])
