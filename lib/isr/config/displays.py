"""What tables, figures and the report are made from, and what they are told."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from isr.config.jobs import Jobs, item_folder
from isr.config.plan import Cell, Plan
from isr.reporting.figures import FigureKind
from isr.reporting.tables import TableKind
from isr.settings import CellSettings

_CELL_FILES = ("metrics.csv", "certificates.csv", "cell.json", "masks", "predictor", "outlines")
_USUAL = {
    **{name: field.default for name, field in CellSettings.model_fields.items()},
    **{"optimiser": "adam", "weight_decay": 1e-5},
}
"""What a cell has, or the paper says, where nothing was set by hand."""


class Displays:
    """The tables and figures of a plan.

    Args:
        plan: what is asked for.
        jobs: its jobs.
    """

    def __init__(self, plan: Plan, jobs: Jobs) -> None:
        self.plan, self.jobs = plan, jobs

    @cached_property
    def tables(self) -> dict[str, tuple[str, TableKind]]:
        """All tables by name, each with its study."""
        return {
            name: (study, table)
            for study, entry in self.plan.config.studies.items()
            for name, table in entry.tables.items()
        }

    @cached_property
    def figures(self) -> dict[str, tuple[str, FigureKind]]:
        """All figures by name, each with its study."""
        return {
            name: (study, figure)
            for study, entry in self.plan.config.studies.items()
            for name, figure in entry.figures.items()
        }

    def figure_file(self, name: str) -> str:
        """The file of a figure: a picture, or an animation."""
        return f"results/figures/{name}.{'gif' if self.figures[name][1].animated else 'png'}"

    def figure_names(self, *, animated: bool) -> list[str]:
        """Names of the figures that are animations, or are not."""
        return [name for name, (_, each) in self.figures.items() if each.animated == animated]

    def study_outputs(self, study: str) -> list[str]:
        """What the target named by a study makes."""
        entry = self.plan.config.studies[study]
        return [
            *(f"{cell.folder}/metrics.csv" for cell in self.plan.cells[study].values()),
            *(f"results/tables/{name}.csv" for name in entry.tables),
            *(self.figure_file(name) for name in entry.figures),
        ]

    def overview(self) -> str:
        """What is asked for, study by study: cells, items, jobs, tables and figures."""
        rows = [("study", "cells", "items", "jobs", "tables and figures")]
        for study, cells in self.plan.cells.items():
            entry = self.plan.config.studies[study]
            items = self.plan.shown_items(cells.values())
            batches = {cell.batch for cell in cells.values()}
            fits = sum(len(self.plan.parts(study, batch)) for batch in batches)
            shown = ", ".join([*entry.tables, *entry.figures])
            jobs = f"{fits} fit, {len(cells)} evaluate"
            rows.append((study, str(len(cells)), f"{len(items)} of {entry.dataset}", jobs, shown))
        widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
        lines = []
        for row in rows:
            start = "  ".join(f"{word:{width}}" for word, width in zip(row, widths, strict=False))
            wrapped = textwrap.wrap(row[-1], 60) or [""]
            lines += [f"{start}  {wrapped[0]}"]
            lines += [f"{'':{len(start)}}  {line}" for line in wrapped[1:]]
        return "\n".join(line.rstrip() for line in lines)

    def _settings(self, study: str) -> dict[str, CellSettings]:
        return {name: cell.settings for name, cell in self.plan.cells[study].items()}

    def _table(self, name: str) -> tuple[str, TableKind, list[str]]:
        """The study of a table, itself, and the names of the cells that it is about."""
        study, entry = self.tables[name]
        place = f"studies.{study}.tables.{name}"
        return study, entry, entry.shown(self._settings(study), place)

    def _figure(self, name: str) -> tuple[str, FigureKind, list[str]]:
        """The study of a figure, itself, and the names of the cells that it shows."""
        study, entry = self.figures[name]
        place = f"studies.{study}.figures.{name}"
        return study, entry, entry.shown(self._settings(study), place)

    def table_inputs(self, name: str) -> list[str]:
        """Metrics of the cells of a table."""
        study, _, shown = self._table(name)
        return [f"{self.plan.cell(study, cell).folder}/metrics.csv" for cell in shown]

    def figure_inputs(self, name: str) -> dict[str, list[str]]:
        """What the cells of a figure left, and what they were made from."""
        study, figure, shown = self._figure(name)
        cells = [self.plan.cell(study, cell) for cell in shown]
        if figure.whole:
            return {"cells": [f"{cell.folder}/metrics.csv" for cell in cells]}
        dataset = self.plan.config.studies[study].dataset
        inputs = [self.jobs.evaluate_inputs(study, cell.name) for cell in cells]
        return {
            "cells": [f"{cell.folder}/{file}" for cell in cells for file in _CELL_FILES],
            "folders": [item_folder(dataset, item) for item in self.plan.shown_items(cells)],
            "labels": _unique(inputs, "labels"),
            "fits": _unique(inputs, "fits"),
        }

    def table_settings(self, name: str) -> str:
        """What a table is told."""
        return self._settings_of(name, *self._table(name))

    def figure_settings(self, name: str) -> str:
        """What a figure is told."""
        return self._settings_of(name, *self._figure(name))

    def _settings_of(
        self, name: str, study: str, entry: TableKind | FigureKind, shown: list[str]
    ) -> str:
        told = {"name": name, "entry": entry.model_dump(), "shown": shown}
        return json.dumps({**told, "study": self.describe(study, shown)})

    def describe(self, study: str, shown: Sequence[str] | None = None) -> dict[str, Any]:
        """What a table, a figure or the report is told of a study.

        Args:
            study: its name.
            shown: names of the cells that are shown; None for all.
        """
        entry, config = self.plan.config.studies[study], self.plan.config
        every = self.plan.cells[study]
        cells = [every[name] for name in (every if shown is None else shown)]
        used = {cell.settings.predictor for cell in cells}
        return {
            "name": study,
            "text": entry.text,
            "dataset": entry.dataset,
            "entry": self.plan.dataset(entry.dataset).model_dump(exclude_unset=True),
            "cells": [self._planned(cell) for cell in cells],
            "predictors": {
                name: each.model_dump()
                for name, each in self.plan.predictors.items()
                if name in used
            },
            "protocol": config.protocol,
        }

    def _planned(self, cell: Cell) -> dict[str, Any]:
        return {
            "name": cell.name,
            "folder": cell.folder,
            "settings": cell.settings.model_dump(exclude={"items"}),
            "items": cell.items,
            "by_hand": by_hand(self.plan.config.studies[cell.study].by_hand, cell.settings),
        }

    def report_inputs(self) -> dict[str, list[str]]:
        """All that the report shows."""
        cells = [cell for each in self.plan.cells.values() for cell in each.values()]
        files = ("metrics.csv", "certificates.csv", "cell.json", "masks")
        items = [
            item_folder(self.plan.config.studies[study].dataset, item)
            for study, own in self.plan.cells.items()
            for item in self.plan.shown_items(own.values())
        ]
        labels = [self.jobs.evaluate_inputs(cell.study, cell.name) for cell in cells]
        return {
            "cells": [f"{cell.folder}/{file}" for cell in cells for file in files],
            "folders": list(dict.fromkeys(items)),
            "labels": _unique(labels, "labels"),
            "tables": [f"results/tables/{name}.html" for name in self.tables],
            "figures": [self.figure_file(name) for name in self.figures],
        }

    def report_settings(self) -> str:
        """What the report is told."""
        tables = [
            {"file": f"results/tables/{name}.html", "study": study, "caption": each.caption}
            for name, (study, each) in self.tables.items()
        ]
        figures = [
            {"file": self.figure_file(name), "study": study, "caption": each.caption}
            for name, (study, each) in self.figures.items()
        ]
        return json.dumps(
            {
                "studies": [self.describe(study) for study in self.plan.cells],
                "tables": tables,
                "figures": figures,
                "benchmarks": self.jobs.benchmarks(),
            }
        )


def by_hand(keys: list[str], settings: CellSettings) -> dict[str, Any]:
    """The values of a cell that were set by hand, as `by_hand` of its study tells."""
    own = settings.model_dump()
    given = {**own, **{f"options.{name}": value for name, value in own["options"].items()}}
    return {
        key: given[key]
        for key in keys
        if given.get(key) is not None and given[key] != _USUAL.get(key)
    }


def _unique(inputs: list[Mapping[str, list[str]]] | Any, key: str) -> list[str]:
    return list(dict.fromkeys(file for each in inputs for file in each.get(key, [])))
