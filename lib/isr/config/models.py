"""The whole configuration as models: every key with its type, default and meaning, once.

The JSON schema for editors and the tables of config/README.md are made from these
(`isr.config.reference`). What a kind of data set, predictor, table or figure has stands beside it.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, create_model

from isr.data.kinds import Dataset
from isr.models import Model, Name, OutputName, Text
from isr.predictors import Predictor
from isr.reporting.figures import Figure
from isr.reporting.tables import Table
from isr.settings import (
    VARIED,
    CellSettings,
    Count,
    Points,
    Precision,
    Protocol,
    StackSize,
)


def _list_of(kind: Any) -> Any:
    return list[kind]


def _lists() -> dict[str, Any]:
    """For each key of a cell that can be varied, a list of its values."""
    return {
        name: (
            Annotated[_list_of(field.rebuild_annotation()), Field(min_length=1)] | None,
            Field(None, description=field.description),
        )
        for name, field in CellSettings.model_fields.items()
        if name in VARIED
    }


Vary: Any = create_model(
    "Vary", __base__=Model, __doc__="Lists of values; every combination is a cell.", **_lists()
)


class Study(Model):
    """What is fitted: a data set, and cells that `vary` generates or `cells` names one by one."""

    moved: ClassVar[dict[str, str]] = {
        "kind": "every study is a set of cells, whatever its items are: remove it",
        "rows": "give each row a name in cells",
        "cases": "they are called cells now, and a case's picture is its items: [NAME]",
        "source": "name a dataset of kind gallery or authors",
        "videos": "it is called items now",
        **{
            key: f"it stands in settings now (settings: {{{key}: ...}})"
            for key in ("options", "first_steps", "next_steps", "steps", "epochs", "optimiser")
        },
        "learning_rate": "it stands in settings now (settings: {learning_rate: ...})",
        "joint_learning_rate": "it stands in settings now (settings: {joint_learning_rate: ...})",
    }

    dataset: Name = Field(description="a name of `datasets`")
    items: Annotated[list[str | int], Field(min_length=1)] | None = Field(
        None, description="those of the data set to take, in this order; null: all"
    )
    text: Text | None = Field(None, description="one sentence about the study for the report")
    settings: CellSettings = Field(
        CellSettings(), description="what all cells have in common: any key of a cell"
    )
    vary: Vary | None = Field(
        None, description="lists of values of keys of a cell; every combination is a cell"
    )
    cells: dict[OutputName, CellSettings] = Field(
        {}, description="cells by name, each with keys of its own"
    )
    by_hand: list[str] = Field(
        [],
        description="keys of cells (`options.NAME` for options) whose values were set by hand for "
        "the item, by trial; the report prints them with each cell that has another value than the "
        "usual one",
    )
    tables: dict[OutputName, Table] = Field(
        {}, description="by name: `results/tables/NAME.csv`, `.md`, `.tex`, `.html`"
    )
    figures: dict[OutputName, Figure] = Field(
        {}, description="by name: `results/figures/NAME.png` and `.svg`, or `.gif`"
    )


class Config(Model):
    """The whole."""

    moved: ClassVar[dict[str, str]] = {"videos": "its entries stand in datasets now"}

    protocol: Protocol = Field(
        "paper",
        description="`paper`: schedules and coordinates of the paper's text; `published-code`: "
        "those of the authors' code",
    )
    steps: Annotated[int, Field(ge=4)] = Field(
        400, description="optimisation steps per item (the paper: 3000)"
    )
    points: Points = Field(
        Points(),
        description="points drawn per step: `strokes` of the scribbles, `random` ones of the whole "
        "item. A `cnn` sees whole pictures and all scribbles: with one, they concern the "
        "representation alone",
    )
    problems_per_job: Count | None = Field(
        None,
        description="problems (items and seeds) that one job takes at most; null: all items of a "
        "cell, seed by seed, but with `device: cuda` those of all seeds: one job fills a GPU. "
        "Several GPUs share a batch if this is a number",
    )
    stack_size: StackSize = Field(
        "auto",
        description="problems optimised together; `auto`: on a GPU as many as its memory takes, "
        "measured once and written down in `resources/stack_sizes/`, on a CPU one after the other. "
        "Other stack sizes agree to rounding only",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto",
        description="where fits run; `auto` takes a GPU where there is one, but plans for "
        "processors; `cuda` plans for GPUs, see `problems_per_job`. Nothing else is redone after a "
        "change",
    )
    precision: Precision = Field(
        "fp32",
        description="of products on a GPU: `fp32`, as on a CPU, or `tf32`, which is faster and "
        "rounds factors to 10 bits",
    )
    checkpoint_every: Annotated[float, Field(gt=0, le=86400)] = Field(
        60,
        description="seconds between checkpoints, from which a killed job goes on. A change redoes "
        "nothing",
    )
    watch_library: bool = Field(
        True,
        description="whether an edit of the library redoes the jobs that use it; without, neither "
        "results nor checkpoints depend on the text of the code",
    )
    datasets: dict[Name, Dataset] = Field({}, description="what there is to segment, by name")
    predictors: dict[Name, Predictor] = Field({}, description="what gives unaries, by name")
    studies: dict[Name, Study] = Field({}, description="what is fitted, by name")
    run: Annotated[list[Name], Field(min_length=1)] | None = Field(
        None,
        description="names of the studies to run, which the report then has alone; null: all of "
        "them, the demo's too",
    )
