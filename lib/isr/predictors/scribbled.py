"""The predictors that are trained on scribbles (the paper's section B.1)."""

from typing import ClassVar, Literal

from isr.predictors.base import Trained


class FCN(Trained):
    """The fully connected predictor: sees single pixels of pictures, volumes and depths."""

    title: ClassVar[str] = "FCN"
    input: ClassVar[Literal["features", "labels", "nothing"]] = "features"
    network: ClassVar[str] = "isr.networks.predictors:FCN"

    kind: Literal["fcn"]


class CNN(Trained):
    """The convolutional predictor: sees the neighbourhood of a pixel; for pictures."""

    title: ClassVar[str] = "CNN"
    input: ClassVar[Literal["features", "labels", "nothing"]] = "features"
    network: ClassVar[str] = "isr.networks.predictors:CNN"
    sees_pictures: ClassVar[bool] = True

    kind: Literal["cnn"]
