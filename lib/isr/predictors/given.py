"""The predictor that takes what comes with the items: unaries, or scribbles alone."""

from typing import TYPE_CHECKING, ClassVar, Literal

from isr.predictors.base import PredictorKind

if TYPE_CHECKING:
    from isr.data.kinds import Known


class Given(PredictorKind):
    """Unaries that come with the items; where there are scribbles alone, the fit is to these."""

    title: ClassVar[str] = "unaries"

    kind: Literal["given"] = "given"

    def refuses(self, known: "Known") -> str:
        """Unaries or scribbles are needed."""
        return "" if known.unaries or known.scribbles else "unaries or scribbles of its own"
