"""The UNet of videos, trained on their weak labels (the paper's section C.1)."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from isr.predictors.base import Trained

if TYPE_CHECKING:
    from isr.data.kinds import Known


class UNet(Trained):
    """The convolutional predictor of videos: sees whole frames."""

    title: ClassVar[str] = "UNet"
    input: ClassVar[Literal["features", "labels", "nothing"]] = "labels"
    network: ClassVar[str] = "isr.networks.unet:UNet"
    sees_pictures: ClassVar[bool] = True
    teacher: ClassVar[Literal["scribbles", "labels"]] = "labels"

    kind: Literal["unet"]
    width: Annotated[int, Field(ge=1, le=512)] = Field(
        64, description="channels of the first layer (the paper: 64)"
    )
    epochs: Annotated[int, Field(ge=1)] = Field(
        15, description="times that it sees every frame of a video"
    )
    learning_rate: Annotated[float, Field(gt=0, le=10)] = Field(
        0.01, description="at the beginning"
    )
    decay: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1, description="factor of the learning rate after each third of the epochs"
    )
    min_steps: Annotated[int, Field(ge=0)] = Field(
        0, description="least number of steps, for short videos"
    )
    channel_order: Literal["rgb", "bgr"] | None = Field(
        None,
        description="how the network takes colours; without it, what trained (rgb) and published "
        "(bgr) ones need",
    )
    weights: Literal["trained", "published", "auto"] = Field(
        "trained",
        description="`trained` on the weak labels of each video; `published`, from the file that "
        "the data set names under `checkpoints`; or `auto`: the published network of a video where "
        "it can be had and has this `width`, else trained",
    )

    def options(self) -> dict[str, Any]:
        """Width and order of colours."""
        order = {} if self.channel_order is None else {"channel_order": self.channel_order}
        return {"width": self.width, **order}

    def refuses(self, known: "Known") -> str:
        """A video is needed."""
        return "" if known.third == "t" else "frames: it is for videos"
