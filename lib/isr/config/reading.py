"""Reading a configuration: entries that are null go, and those that stay have to fit together."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from isr.config.models import Config
from isr.config.paths import Layer, anchored
from isr.config.plan import Cell, Plan
from isr.constraints import check_options, record
from isr.data.corruptions import CLEAN
from isr.errors import UserError
from isr.models import must_know, parse
from isr.predictors import Computed, Given
from isr.predictors.base import trains_along
from isr.settings import DISTANCES, SPATIO_TEMPORAL, TOGETHER, CellSettings

_RESERVED_CELL = "fits"
_DROPPED = ("datasets", "predictors", "studies")
_NAMED = ("cells", "tables", "figures")
_OLD_KINDS = {"scribbles": "pictures"}


def read_plan(
    content: Mapping[str, Any],
    reserved: Iterable[str] = (),
    root: Path | None = None,
    layers: Sequence[Layer] = (),
) -> Plan:
    """Check a configuration and plan by it.

    Args:
        content: as read from YAML, files laid over one another.
        reserved: names that a study may not have, those of the workflow's targets.
        root: the folder that relative paths are seen from.
        layers: the files that it was read from; relative paths are seen from theirs, and only such
            as stand in no file from `root`.

    Raises:
        UserError: something is wrong; the message names the key.
    """
    if not isinstance(content, Mapping):
        raise UserError(f"config: the top is {content!r}; it must be a mapping of keys to values.")
    kept = _without_dropped(content)
    _check_old_kinds(kept.get("datasets"))
    config: Config = _chosen(parse(Config, kept))
    plan = Plan(anchored(config, layers, root or Path()), root or Path())
    _check(plan, reserved)
    return plan


def unshared(content: Any) -> Any:
    """A copy in which no two keys have the same mapping or list.

    Aliases of YAML share theirs: what is laid over one of them would change the others.

    >>> one = {"vary": {}}
    >>> unshared({"a": one, "b": one})["a"] is one
    False
    """
    if isinstance(content, Mapping):
        return {key: unshared(value) for key, value in content.items()}
    return [unshared(value) for value in content] if isinstance(content, list) else content


def _chosen(config: Config) -> Config:
    """The configuration with those of its studies alone that are to run."""
    if config.run is None:
        return config
    for name in config.run:
        must_know("run", name, config.studies)
    kept = {name: study for name, study in config.studies.items() if name in config.run}
    return config.model_copy(update={"studies": kept})


def _check_old_kinds(datasets: Any) -> None:
    """Name the new kind of a data set whose kind is called otherwise now."""
    for name, entry in datasets.items() if isinstance(datasets, Mapping) else ():
        kind = entry.get("kind") if isinstance(entry, Mapping) else None
        if isinstance(kind, str) and kind in _OLD_KINDS:
            new = _OLD_KINDS[kind]
            raise UserError(f"config: datasets.{name}.kind is {kind!r}; it is called {new} now.")


def _without_dropped(content: Mapping[str, Any]) -> dict[str, Any]:
    """Remove entries that are null: of datasets, predictors, studies and of parts of a study."""
    kept = {
        key: _without_null(value) if key in _DROPPED else value for key, value in content.items()
    }
    if isinstance(kept.get("studies"), dict):
        kept["studies"] = _without_null(kept["studies"], 2)
        for study in kept["studies"].values():
            if isinstance(study, dict):
                for part, entry in study.items():
                    study[part] = _without_null(entry, 2 if part in _NAMED else 1)
    return kept


def _without_null(entries: Any, levels: int = 1) -> Any:
    """Entries without those that are null, also in the mappings so many levels below."""
    if not isinstance(entries, Mapping) or not levels:
        return entries
    return {
        name: _without_null(entry, levels - 1)
        for name, entry in entries.items()
        if entry is not None
    }


def _check(plan: Plan, reserved: Iterable[str]) -> None:
    """See that the entries of a configuration fit together.

    Args:
        plan: of the configuration.
        reserved: names that a study may not have, those of the workflow's targets.

    Raises:
        UserError: something does not fit; the message names the key.
    """
    config = plan.config
    if not config.studies:
        raise UserError("config: studies is empty; give at least one study.")
    for name, study in config.studies.items():
        if name in reserved:
            raise UserError(f"config: studies.{name} has the name of a target; give it another.")
        if _RESERVED_CELL in study.cells:
            place = f"studies.{name}.cells.{_RESERVED_CELL}"
            raise UserError(f"config: {place} has the name of a folder; give it another.")
        must_know(f"studies.{name}.dataset", study.dataset, config.datasets)
        for key in study.by_hand:
            if not key.startswith("options."):
                must_know(f"studies.{name}.by_hand", key, CellSettings.model_fields)
    for cell in plan.every_cell:
        _CellCheck(plan, cell).all()
    _check_displays(plan)


class _CellCheck:
    """Everything that can be wrong with one cell.

    Args:
        plan: the plan.
        cell: of it.
    """

    def __init__(self, plan: Plan, cell: Cell) -> None:
        self.plan, self.cell, self.settings = plan, cell, cell.settings
        self.place = cell.place
        must_know(f"{self.place}.predictor", self.settings.predictor, plan.predictors)
        self.predictor = plan.predictor(self.settings)
        self.known = {item: plan.known(cell.dataset, item) for item in cell.items}
        self.trains = trains_along(self.predictor, self.settings, plan.config.protocol)

    def fail(self, key: str, words: str) -> None:
        raise UserError(f"config: {self.place}.{key} {words}")

    def all(self) -> None:
        """Run all checks."""
        self._predictor()
        self._corruption()
        self._fit()
        self._videos()
        self._shape()

    def _predictor(self) -> None:
        own = self.settings.predictor
        for item, known in self.known.items():
            if lack := self.predictor.refuses(known):
                self.fail(
                    "predictor",
                    f"is {own!r}, which needs {lack}, but the item {item} of {self.cell.dataset} "
                    "does not have that; take another predictor or other items.",
                )
        for file in self.predictor.sources().files:
            if not (self.plan.root / file).exists():
                raise UserError(
                    f"config: predictors.{own} names the file {file}, which does not exist; "
                    "correct its path."
                )
        if self.predictor.input == "features" and self.settings.features is None:
            self.fail("predictor", f"is {own!r}, which sees features; name some in features.")

    def _fit(self) -> None:
        settings, protocol = self.settings, self.plan.config.protocol
        videos = [item for item, known in self.known.items() if known.third == "t"]
        if settings.fit == SPATIO_TEMPORAL and len(videos) < len(self.known):
            other = next(item for item in self.known if item not in videos)
            self.fail("fit", f"is {SPATIO_TEMPORAL}, but {other} is no video; take sequential.")
        untrained = isinstance(self.predictor, Given | Computed)
        if settings.fit == "joint" and untrained:
            self.fail(
                "fit",
                f"is joint, but the predictor {settings.predictor!r} is not trained; take fit "
                "sequential, in a study of its own or in cells.",
            )
        if isinstance(self.predictor, Computed) and protocol == "published-code":
            raise UserError(
                f"config: protocol is {protocol}, whose fits train their predictor along, but "
                f"{self.place} has the predictor {settings.predictor!r}, which is not trained; "
                "take protocol paper or another predictor."
            )
        if settings.fit == "joint" and settings.distance != DISTANCES[0]:
            self.fail(
                "distance",
                f"is {settings.distance} with fit joint, which takes the squared distance "
                "(equation 17); set distance to squared there, or name the cells one by one in "
                "cells.",
            )
        if settings.noise and settings.fit != SPATIO_TEMPORAL:
            self.fail(
                "noise",
                f"is {settings.noise:g} with fit {settings.fit}, but frames are replaced by noise "
                f"for fit {SPATIO_TEMPORAL} alone; leave it out there, or name the cells one by "
                "one in cells.",
            )
        self._schedule(videos)
        if settings.margin and (self.trains or "depth" in self._thirds):
            self.fail(
                "margin",
                f"is {settings.margin}, but a depth, or a predictor that is trained along, sees "
                "nothing outside the picture; set it to 0.",
            )

    def _schedule(self, videos: Sequence[str]) -> None:
        """See that a cell with a schedule of its own has what that fits to."""
        name, fit = self.settings.schedule, self.settings.fit
        scribbles = isinstance(self.predictor, Given) and not any(
            known.unaries for known in self.known.values()
        )
        taught = self.trains and fit == "joint"
        if name and (videos or not (taught or scribbles)):
            self.fail(
                "schedule",
                f"is {name}, which is for scribbles of pictures and volumes alone (predictor "
                "given, without unaries), or with a predictor that is trained on them (fit joint); "
                "remove it there, or name the cells one by one in cells.",
            )

    def _corruption(self) -> None:
        corruption = self.settings.corruption
        if corruption == CLEAN:
            return
        if isinstance(self.predictor, Given):
            self.fail(
                "corruption",
                f"is {corruption}, but the predictor {self.settings.predictor!r} sees no colours; "
                "set it to clean, or take another predictor.",
            )
        if "t" in self._thirds:
            self.fail(
                "corruption",
                f"is {corruption}, but frames of videos are not corrupted; set it to clean.",
            )

    @property
    def _thirds(self) -> set[str | None]:
        return {known.third for known in self.known.values()}

    def _videos(self) -> None:
        if self.predictor.input != "labels":
            return
        settings, entry = self.settings, self.plan.dataset(self.cell.dataset)
        if settings.labels == "published" and not getattr(entry, "labels", None):
            self.fail(
                "labels",
                "is 'published', but the videos have no such labels; take auto or motion, or say "
                f"in datasets.{self.cell.dataset}.labels where the published ones lie.",
            )
        weights = getattr(self.predictor, "weights", "trained")
        where = f"config: predictors.{settings.predictor}.weights is"
        if weights == "published" and entry.network_sources() is None:
            raise UserError(
                f"{where} 'published', but datasets.{self.cell.dataset} names no such networks; "
                "take auto or trained, or say there under checkpoints where they lie."
            )
        if weights != "trained" and settings.training == TOGETHER:
            self.fail(
                "training",
                f"is {TOGETHER}, but predictors.{settings.predictor} takes published networks, of "
                "which every video has its own; set training to each there.",
            )
        if settings.fit == "joint":
            self._continues()

    def _continues(self) -> None:
        before = self.plan.sequential(self.cell)
        if before is None:
            self.fail(
                "fit",
                f"is joint ({self.cell.name}), which goes on from the sequential fit with "
                "otherwise equal settings, but the study has none; add sequential to its fits.",
            )
            return
        missing = [item for item in self.cell.items if item not in before.items]
        if missing:
            self.fail(
                "items",
                f"has {missing[0]}, but the sequential cell {before.name}, from which the joint "
                "fit goes on, has not; name the same in both.",
            )

    def _shape(self) -> None:
        settings = self.settings
        own = record(settings.constraint)
        if settings.threshold and not own.threshold:
            self.fail(
                "threshold",
                f"is {settings.threshold:g}, but {own.name} has its foreground at levels up to 0; "
                "remove it, it is for periodic.",
            )
        if isinstance(settings.options.get("order"), list):
            self._orders()
        try:
            for dim in sorted(self._dimensions):
                check_options(own.name, settings.options, dim)
        except UserError as error:
            raise UserError(f"config: {self.place}.options: {error}") from None
        alone = isinstance(self.predictor, Given) and not all(
            known.unaries for known in self.known.values()
        )
        if settings.tv_weight and (alone or self.trains):
            self.fail(
                "tv_weight",
                f"is {settings.tv_weight:g}, but there are no unaries, which it is weighed "
                "against; remove it.",
            )
        if not settings.scribbles and (alone or self.trains):
            self.fail(
                "scribbles",
                "is false, but there are no unaries that a fit could follow alone; remove it.",
            )
        if settings.connect and (own.name != "path_connected" or self._thirds != {None}):
            self.fail(
                "connect",
                "is true, but paths are drawn for path_connected in items without a third "
                "coordinate alone; set it to false.",
            )

    @property
    def _dimensions(self) -> set[int]:
        """Numbers of coordinates of its representations."""
        plane = (None,) if self.settings.fit == SPATIO_TEMPORAL else (None, "t")
        return {2 if third in plane else 3 for third in self._thirds}

    def _orders(self) -> None:
        own = self.settings.constraint
        if own != "rotationally_symmetric":
            self.fail(
                "options.order",
                f"is a list, which is for rotationally_symmetric, not {own}; give one number or "
                "remove it.",
            )
        scribbles = isinstance(self.predictor, Given) and any(
            not known.unaries for known in self.known.values()
        )
        if self.trains or scribbles or self.plan.is_framewise(self.cell):
            self.fail(
                "options.order",
                "is a list, but no unaries of a whole item settle which; give one number.",
            )


def _check_displays(plan: Plan) -> None:
    """See that tables and figures pick cells, and that no two share a name."""
    for kind in ("tables", "figures"):
        owner: dict[str, str] = {}
        for each in plan.displays(kind):
            if each.name in owner:
                raise UserError(
                    f"config: {each.place} stands in study {owner[each.name]} too; give it "
                    "another name."
                )
            owner[each.name] = each.study
            items = {cell.name: cell.items for cell in plan.shown(each)}
            if kind == "figures":
                each.entry.check_items(items, each.place)
