"""The plan: studies as cells, cells as batches of jobs, and where everything lies.

Nothing here knows of Snakemake; the workflow's rules are thin around it. What each job is told:
`isr.config.jobs`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from isr.config.models import Config, Study
from isr.data.corruptions import CLEAN
from isr.data.kinds import DatasetKind, Known
from isr.errors import UserError
from isr.models import must_know
from isr.predictors import Computed, Given, PredictorKind
from isr.predictors.base import is_framewise, needs_predictions
from isr.settings import TOGETHER, CellSettings

Key = tuple[str, int]
"""(item, seed)"""
Works = Sequence[tuple[int, Sequence[str]]]
"""Seeds, each with its items."""

GIVEN = "given"


@dataclass(frozen=True)
class Cell:
    """One cell of a study: items, and how they are segmented.

    Attributes:
        study: name of the study.
        name: of its folder.
        batch: name of the batch: of the cells that differ from it in their seed alone.
        dataset: name of the data set.
        settings: with everything resolved.
        items: names of its items.
        place: where it stands in the configuration, for messages.
    """

    study: str
    name: str
    batch: str
    dataset: str
    settings: CellSettings
    items: tuple[str, ...]
    place: str

    @property
    def folder(self) -> str:
        """Where what was found of it lies."""
        return f"results/{self.study}/{self.name}"

    @property
    def works(self) -> list[Key]:
        """Its items with its seed."""
        return [(item, self.settings.seed) for item in self.items]


@dataclass(frozen=True)
class Share:
    """What one prediction job makes: the unaries of some items and seeds by one predictor.

    Attributes:
        dataset: name of the data set.
        network: of the predictor and what it sees, as in the name of the folder.
        name: of the share's folder.
        settings: of a cell that projects it: predictor, features, corruption, labels, training.
        works: items and seeds.
    """

    dataset: str
    network: str
    name: str
    settings: CellSettings
    works: tuple[Key, ...]

    @property
    def folder(self) -> str:
        """Where it lies."""
        return f"resources/predictions/{self.dataset}/{self.network}/{self.name}"


@dataclass(frozen=True)
class Display:
    """A table or a figure of a study.

    Attributes:
        name: of its file.
        study: name of the study.
        entry: of the configuration, a `TableKind` or a `FigureKind`.
        place: where that stands, for messages.
    """

    name: str
    study: str
    entry: Any
    place: str


@dataclass(eq=False)
class Plan:
    """What a configuration asks for.

    Args:
        config: checked, with defaults.
        root: the folder that relative paths are seen from.
    """

    config: Config
    root: Path = field(default_factory=Path)

    @cached_property
    def predictors(self) -> dict[str, PredictorKind]:
        """All predictors by name, with `given`."""
        return {GIVEN: Given(), **self.config.predictors}

    @cache  # noqa: B019
    def items(self, dataset: str) -> list[str]:
        """Names of the items of a data set, known before it is unpacked.

        Raises:
            UserError: they cannot be listed.
        """
        try:
            return self.dataset(dataset).names(self.root)
        except UserError as error:
            raise UserError(f"config: datasets.{dataset}: {error}") from None

    def dataset(self, name: str) -> DatasetKind:
        """The data set of a name."""
        found: DatasetKind = self.config.datasets[name]
        return found

    @cache  # noqa: B019
    def known(self, dataset: str, item: str) -> Known:
        """What is known of an item before it is unpacked."""
        return self.dataset(dataset).known(item, self.root)

    def predictor(self, cell: CellSettings) -> PredictorKind:
        """The predictor of a cell."""
        return self.predictors[cell.predictor]

    @cached_property
    def cells(self) -> dict[str, dict[str, Cell]]:
        """The cells of every study by name."""
        return {
            name: {cell.name: cell for cell in self._cells(name, study)}
            for name, study in self.config.studies.items()
        }

    @cached_property
    def every_cell(self) -> list[Cell]:
        """The cells of all studies."""
        return [cell for cells in self.cells.values() for cell in cells.values()]

    def _cells(self, name: str, study: Study) -> list[Cell]:
        place = f"studies.{name}"
        varied, named = _combinations(study.vary), study.cells
        if not varied and not named:
            varied = [{}]
        cells = []
        for values in varied:
            own = _words(values)
            batch = _words({key: value for key, value in values.items() if key != "seed"})
            cells.append(self._cell(name, own or "all", batch or "all", values, f"{place}.vary"))
        for own, entry in named.items():
            values = entry.model_dump(exclude_unset=True)
            cells.append(self._cell(name, own, own, values, f"{place}.cells.{own}"))
        names = [cell.name for cell in cells]
        if repeated := [each for each in names if names.count(each) > 1]:
            raise UserError(f"config: {place} has the cell {repeated[0]} twice; rename one.")
        return cells

    def _cell(
        self, study: str, name: str, batch: str, values: Mapping[str, Any], place: str
    ) -> Cell:
        entry, whole = self.config.studies[study], self.config
        shared = entry.settings.model_dump(exclude_unset=True)
        defaults = {
            "steps": whole.steps,
            "points": whole.points.model_dump(),
            "stack_size": whole.stack_size,
            "problems_per_job": whole.problems_per_job,
        }
        given = {key: value for key, value in {**shared, **values}.items() if value is not None}
        if "points" in given:
            given["points"] = {**defaults["points"], **given["points"]}  # type: ignore[dict-item]
        settings = CellSettings.model_validate({**defaults, **given})
        items = self._items(study, settings, place)
        return Cell(study, name, batch, entry.dataset, settings, items, place)

    def _items(self, study: str, settings: CellSettings, place: str) -> tuple[str, ...]:
        """Names of the items of a cell: its own, else those of its study, else all there are."""
        entry = self.config.studies[study]
        every = self.items(entry.dataset)
        chosen, where = settings.items, f"{place}.items"
        if chosen is None:
            chosen, where = entry.items, f"studies.{study}.items"
        if chosen is None:
            return tuple(every)
        names = []
        for index, written in enumerate(chosen):
            try:
                names.append(self.dataset(entry.dataset).canonical(written, every))
            except UserError as error:
                raise UserError(f"config: {where}[{index}]: {error}") from None
            must_know(f"{where}[{index}]", names[-1], every)
        return tuple(names)

    def cell(self, study: str, name: str) -> Cell:
        """The cell of a name.

        Raises:
            UserError: there is none.
        """
        if name not in self.cells[study]:
            raise UserError(
                f"study {study} has no cell {name}: snakemake -n lists the cells there are."
            )
        return self.cells[study][name]

    def batch(self, study: str, batch: str) -> list[Cell]:
        """The cells of a batch: those that differ in their seed alone.

        Raises:
            UserError: there is none of this name.
        """
        found = [cell for cell in self.cells[study].values() if cell.batch == batch]
        if not found:
            raise UserError(
                f"study {study} has no batch {batch}: snakemake -n lists what there is."
            )
        return found

    def parts(self, study: str, batch: str) -> list[list[Key]]:
        """The items and seeds of each fit job of a batch."""
        cells = self.batch(study, batch)
        works = [(cell.settings.seed, cell.items) for cell in cells]
        return share_out(works, self._problems_per_job(cells[0], works))

    def _problems_per_job(self, cell: Cell, works: Works) -> int | None:
        """How many problems of its batch a fit job takes at most; None for all of a seed.

        The configuration says so alone: the machine that plans need not have the GPU that fits.
        """
        at_most = cell.settings.problems_per_job
        if at_most is not None or self.config.device != "cuda":
            return at_most
        # A joint fit of a video tunes a network of its own: side by side, no two would gain.
        tunes = self.is_framewise(cell) and cell.settings.fit == "joint"
        return 1 if tunes else _count(works)

    def parts_of(self, cell: Cell, works: Iterable[Key]) -> list[int]:
        """Numbers of the fit jobs of a cell's batch that fit any of some items and seeds."""
        needed, parts = set(works), self.parts(cell.study, cell.batch)
        return [number for number, own in enumerate(parts) if needed & set(own)]

    def fits_of(self, cell: Cell, works: Iterable[Key]) -> list[str]:
        """Where the fits of some items and seeds of a cell lie."""
        return [
            f"results/{cell.study}/fits/{cell.batch}/part-{part}"
            for part in self.parts_of(cell, works)
        ]

    def is_framewise(self, cell: Cell) -> bool:
        """Whether any item of a cell is fitted frame by frame."""
        return any(is_framewise(cell.settings, each) for each in self._are_videos(cell))

    def has_wholes(self, cell: Cell) -> bool:
        """Whether any item of a cell is fitted as a whole."""
        return not all(is_framewise(cell.settings, each) for each in self._are_videos(cell))

    def _are_videos(self, cell: Cell) -> list[bool]:
        return [self.known(cell.dataset, item).third == "t" for item in cell.items]

    def needs_predictions(self, cell: CellSettings) -> bool:
        """Whether a cell projects stored predictions, or goes on from them."""
        return needs_predictions(self.predictor(cell), cell, self.config.protocol)

    def network(self, cell: CellSettings) -> str:
        """What the predictions of a cell are called after: the predictor and what it sees."""
        words: list[str | None] = [cell.predictor]
        match self.predictor(cell).input:
            case "features":
                words.append(cell.features)
            case "labels":
                words += [cell.labels, TOGETHER if cell.training == TOGETHER else None]
        words.append(None if cell.corruption == CLEAN else cell.corruption)
        return "+".join(filter(None, words))

    @cached_property
    def shares(self) -> dict[tuple[str, str], dict[str, Share]]:
        """All prediction jobs: by data set and network, then by name."""
        wanted: dict[tuple[str, str], list[Cell]] = {}
        for cell in self.every_cell:
            if self.needs_predictions(cell.settings):
                key = cell.dataset, self.network(cell.settings)
                wanted.setdefault(key, []).append(cell)
        return {key: self._shares(*key, cells) for key, cells in wanted.items()}

    def _shares(self, dataset: str, network: str, cells: Sequence[Cell]) -> dict[str, Share]:
        settings, every = cells[0].settings, self.items(dataset)
        items = self.shown_items(cells)
        seeds = list(dict.fromkeys(cell.settings.seed for cell in cells))
        on_labels = self.predictor(settings).input == "labels"
        if on_labels and settings.training == TOGETHER:
            parts = [[(item, seed) for item in every] for seed in seeds]
        elif on_labels:
            parts = [[(item, seed)] for seed in seeds for item in items]
        else:
            works = [(seed, items) for seed in seeds]
            at_most = self.config.problems_per_job
            if at_most is None and self.config.device == "cuda":
                at_most = _count(works)
            whole = None if at_most is None else max(at_most, len(items))
            if isinstance(self.predictor(settings), Computed):
                # What is found of an item mostly serves all seeds.
                whole = len(seeds) * len(items)
            parts = share_out(works, whole)
        shares = {}
        for part in parts:
            own = list(dict.fromkeys(seed for _, seed in part))
            name = f"seed{'' if len(own) == 1 else 's'}-{'-'.join(map(str, own))}"
            if on_labels and settings.training != TOGETHER:
                name = f"{name}_{part[0][0]}"
            shares[name] = Share(dataset, network, name, settings, tuple(part))
        return shares

    def shares_of(self, cell: Cell, works: Iterable[Key]) -> list[Share]:
        """The prediction jobs that make the unaries of some items and seeds of a cell."""
        if not self.needs_predictions(cell.settings):
            return []
        needed = set(works)
        every = self.shares[cell.dataset, self.network(cell.settings)].values()
        return [share for share in every if needed & set(share.works)]

    def sequential(self, cell: Cell) -> Cell | None:
        """The cell that a joint fit of videos goes on from: sequential with equal settings."""
        own = _alone(cell.settings)
        for other in self.cells[cell.study].values():
            if other.settings.fit == "sequential" and _alone(other.settings) == own:
                return other
        return None

    def shown_items(self, cells: Iterable[Cell]) -> list[str]:
        """Names of the items of some cells of a study, in the order of the data set."""
        cells = list(cells)
        named = {item for cell in cells for item in cell.items}
        if not cells:
            return []
        return [item for item in self.items(cells[0].dataset) if item in named]

    def displays(self, kind: str) -> list[Display]:
        """All `tables` or `figures`."""
        return [
            Display(name, study, entry, f"studies.{study}.{kind}.{name}")
            for study, about in self.config.studies.items()
            for name, entry in getattr(about, kind).items()
        ]

    def shown(self, display: Display) -> list[Cell]:
        """The cells that a table or a figure is about.

        Raises:
            UserError: the study lacks one that it asks for.
        """
        cells = self.cells[display.study]
        settings = {name: cell.settings for name, cell in cells.items()}
        return [cells[name] for name in display.entry.shown(settings, display.place)]


def _alone(settings: CellSettings) -> dict[str, Any]:
    """Settings of a cell without what a joint fit adds to the sequential one."""
    added = ("fit", "epochs", "joint_learning_rate", "items", "connect")
    return settings.model_dump(exclude=set(added))


def _combinations(vary: Any) -> list[dict[str, Any]]:
    """Every combination of the values of the keys that vary, in the order of a cell's keys."""
    if vary is None:
        return []
    lists = vary.model_dump(exclude_none=True)
    return [dict(zip(lists, values, strict=True)) for values in product(*lists.values())]


def _words(values: Mapping[str, Any]) -> str:
    """The name of a cell: its values on the axes that vary."""
    return "_".join(f"{key}~{_word(value)}" for key, value in values.items())


def _word(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _count(works: Works) -> int:
    return sum(len(items) for _, items in works)


def share_out(seeds: Works, at_most: int | None) -> list[list[Key]]:
    """Share items and seeds out among jobs.

    A job has one seed; only where it may have more problems than a seed has items, several. Sizes
    of the jobs of a seed differ by one at most.

    Args:
        seeds: each with its items.
        at_most: problems of a job; None for all of a seed.

    >>> share_out([(42, ["a", "b", "c"])], 2)
    [[('a', 42)], [('b', 42), ('c', 42)]]
    >>> len(share_out([(1, ["a"]), (2, ["a"]), (3, ["a"])], 2))
    2
    """
    parts: list[list[Key]] = []
    for seed, items in seeds:
        works = [(item, seed) for item in items]
        if at_most is not None and parts and len(parts[-1]) + len(works) <= at_most:
            parts[-1] += works
            continue
        count = 1 if at_most is None else max(1, -(-len(works) // at_most))
        ends = [len(works) * number // count for number in range(count + 1)]
        parts += [works[start:end] for start, end in pairwise(ends)]
    return parts
