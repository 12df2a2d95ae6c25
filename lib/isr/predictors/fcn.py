"""The pixel-wise fully connected predictor (the paper's section B.1)."""

from typing import TYPE_CHECKING, ClassVar, Literal

from isr.predictors.base import Trained

if TYPE_CHECKING:
    from isr.data.kinds import Known


class FCN(Trained):
    """The fully connected predictor: sees single pixels of pictures, volumes and depths."""

    title: ClassVar[str] = "FCN"
    input: ClassVar[Literal["features", "labels", "nothing"]] = "features"
    network: ClassVar[str] = "isr.networks.predictors:FCN"

    kind: Literal["fcn"]

    def refuses(self, known: "Known") -> str:
        """Scribbles are needed."""
        return "" if known.scribbles else "scribbles"
