"""A classifier of colour and position, of scikit-learn, that learns from the scribbles."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from isr.predictors.seeded import OBJECT, UNKNOWN, Colours, Seeded, Seeds

_SAMPLES = 4000


class Colour(Seeded):
    """How probable the object is at a pixel's colour and place: a random forest."""

    title: ClassVar[str] = "colour classifier"

    kind: Literal["colour"]
    trees: Annotated[int, Field(ge=1, le=10_000)] = Field(100, description="of the forest")
    position: Annotated[float, Field(ge=0)] = Field(
        1.0, description="weight of the place: 0 for colours alone"
    )

    def segment(self, colours: Colours, seeds: Seeds) -> NDArray[Any]:
        """Probabilities."""
        from skimage.color import rgb2lab
        from sklearn.ensemble import RandomForestClassifier

        height, width = seeds.shape
        rows, columns = np.mgrid[:height, :width] / max(height, width)
        seen = [rgb2lab(colours) / 100]
        if self.position:
            seen.append(self.position * np.stack([rows, columns], -1))
        features = np.concatenate(seen, axis=-1).reshape(height * width, -1)
        known = np.flatnonzero(seeds.ravel() != UNKNOWN)
        known = known[:: max(1, len(known) // _SAMPLES)]
        forest = RandomForestClassifier(
            self.trees, min_samples_leaf=3, class_weight="balanced", random_state=0
        )
        forest.fit(features[known], seeds.ravel()[known] == OBJECT)
        return np.asarray(forest.predict_proba(features)[:, -1].reshape(height, width))
