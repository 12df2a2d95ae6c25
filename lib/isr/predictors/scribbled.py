"""The predictors that are trained on scribbles (the paper's section B.1)."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from isr.predictors.base import Trained


class FCN(Trained):
    """The fully connected predictor: sees single pixels of pictures, volumes and depths."""

    title: ClassVar[str] = "FCN"
    input: ClassVar[Literal["features", "labels", "nothing"]] = "features"
    network: ClassVar[str] = "isr.networks.predictors:FCN"

    kind: Literal["fcn"]
    width: Annotated[int, Field(ge=1, le=4096)] = Field(16, description="units per hidden layer")
    hidden_layers: Annotated[int, Field(ge=0, le=64)] = Field(4, description="how many of them")

    def options(self) -> dict[str, Any]:
        """Width and depth."""
        return {"width": self.width, "hidden_layers": self.hidden_layers}


class CNN(Trained):
    """The convolutional predictor: sees the neighbourhood of a pixel; for pictures."""

    title: ClassVar[str] = "CNN"
    input: ClassVar[Literal["features", "labels", "nothing"]] = "features"
    network: ClassVar[str] = "isr.networks.predictors:CNN"
    sees_pictures: ClassVar[bool] = True

    kind: Literal["cnn"]
