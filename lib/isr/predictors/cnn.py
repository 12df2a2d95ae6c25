"""The convolutional predictor (the paper's section B.1)."""

from typing import TYPE_CHECKING, ClassVar, Literal

from isr.predictors.base import Trained

if TYPE_CHECKING:
    from isr.data.kinds import Known


class CNN(Trained):
    """The convolutional predictor: sees the neighbourhood of a pixel; for pictures."""

    title: ClassVar[str] = "CNN"
    input: ClassVar[Literal["features", "labels", "nothing"]] = "features"
    network: ClassVar[str] = "isr.networks.predictors:CNN"
    sees_pictures: ClassVar[bool] = True

    kind: Literal["cnn"]

    def refuses(self, known: "Known") -> str:
        """Scribbles are needed, and pictures in the plane."""
        if known.third is not None:
            return "a picture without a third coordinate"
        return "" if known.scribbles else "scribbles"
