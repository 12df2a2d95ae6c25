"""How far given masks are from convex, item by item, and what a convex region makes of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from isr.errors import UserError
from isr.models import Name
from isr.reporting.study import Cells, Study
from isr.reporting.tables.base import TableKind, choose
from isr.settings import Features, Fit

if TYPE_CHECKING:
    import pandas as pd

    from isr.reporting.tables.layout import Span, Table

_ONLY = "which of those of the study to show; null: its only one"


class NonConvexity(TableKind):
    """Violating pairs and background in the hull, of the masks and of the convex regions."""

    caption: ClassVar[str] = (
        "How far masks are from convex: the share of pairs of foreground pixels whose segment "
        "leaves the mask, and the share of its convex hull that is background; of the masks as "
        "they are given and of the convex regions that were fitted to them."
    )
    kind: Literal["non_convexity"]
    predictor: Name | None = Field(None, description=_ONLY)
    features: Features | None = Field(None, description=_ONLY)
    fit: Fit | None = Field(None, description=_ONLY)

    def shown(self, cells: Cells, place: str) -> list[str]:
        """The convex cells."""
        found = {name: cell for name, cell in cells.items() if cell.constraint == "convex"}
        if not found:
            raise UserError(
                f"config: {place}: the study has no convex cell; add one, or remove the table."
            )
        wanted = {name: getattr(self, name) for name in ("predictor", "features", "fit")}
        return choose(found, wanted, ("seed",), place)

    def make(self, study: Study, shown: Sequence[str]) -> "tuple[str, Table]":
        """Average over seeds; the masks are the same for all unless they were trained."""
        from isr.reporting import words
        from isr.reporting.metrics import read_cells
        from isr.reporting.tables.layout import Heading, Table, line_of

        cells = [study.cell(name) for name in shown]
        summary = summarise(read_cells(cells, study.name))
        items = [item for item in study.items if item in set(summary["item"])]
        given = words.predictor(study.predictors, cells[0].settings.predictor)
        lines = [
            line_of((str(row.item).replace("_", " "),), [_share(row, name) for name in COLUMNS])
            for row in summary.itertuples()
        ]
        usual = "How far masks are from convex (the paper's Figure 12)"
        heads = ("violating pairs", "background in the hull")
        title = f"{study.describe(items or study.items)}. {self.title or usual}"
        headings = (
            (Heading(words.mask_of(given), 2), Heading("convex region", 2), Heading("")),
            (*map(Heading, heads * 2), Heading("IoU of both")),
        )
        notes = NOTES if len(summary) else ("No cell has run on unaries.",)
        return summary.to_csv(index=False), Table(title, ("Item",), headings, tuple(lines), notes)


COLUMNS = (
    *("unaries_violating_pairs", "unaries_hull_background"),
    *("violating_pairs", "hull_background", "iou"),
)
NOTES = (
    "Violating pairs: of 4,000 drawn pairs of foreground pixels, those whose segment meets a "
    "background pixel of the hull (standard error at most 0.8 %).",
    "Both are 0 of the pixels of a convex region.",
)


def summarise(metrics: "pd.DataFrame") -> "pd.DataFrame":
    """Means over seeds of every item that has unaries, and of all items in the last row.

    Args:
        metrics: rows of `isr.reporting.metrics.read_metrics`.

    Returns:
        Columns item, `COLUMNS` and n_seeds.
    """
    import pandas as pd

    from isr.evaluation.columns import UNARIES

    own = metrics[(metrics["output"] == "representation") & (metrics["against"] == UNARIES)]
    groups = own.groupby("item", sort=False)
    means = groups[list(COLUMNS)].mean().assign(n_seeds=groups["seed"].nunique()).reset_index()
    if len(means) > 1:
        mean = means.drop(columns="item").mean().to_frame().T.assign(item="mean")
        means = pd.concat([means, mean], ignore_index=True)
    return means.astype({"n_seeds": int})


def _share(row: Any, name: str) -> "Span":
    from isr.reporting.tables.layout import NONE, Span

    value = getattr(row, name)
    if value != value:
        return Span(NONE)
    return Span(f"{value:.3f}" if name == "iou" else f"{100 * value:.2f} %")
