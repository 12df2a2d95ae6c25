"""What tables, figures and the report are made from, and what they are told."""

import json
import textwrap
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from isr.config.jobs import Jobs
from isr.config.plan import Cell, Display
from isr.settings import CellSettings

_CELL_FILES = ("metrics.csv", "certificates.csv", "cell.json", "masks", "predictor", "outlines")
TABLE_ENDS = (".csv", ".html", ".md", ".tex")
FIGURE_ENDS = {False: (".png", ".svg"), True: (".gif",)}
"""The files of a figure, of an animation or not."""
INVENTORIES = "results/.made"
"""Where jobs list what they made, see `isr.inventory`."""
REPORT, REPORT_INVENTORY = "results/report.html", f"{INVENTORIES}/report.json"
_USUAL = {
    **{name: field.default for name, field in CellSettings.model_fields.items()},
    **{"optimiser": "adam", "weight_decay": 1e-5},
}
"""What a cell has, or the paper says, where nothing was set by hand."""


class Displays:
    """The tables and figures of a plan.

    Args:
        jobs: of the plan.
    """

    def __init__(self, jobs: Jobs) -> None:
        self.jobs, self.plan = jobs, jobs.plan

    @cached_property
    def tables(self) -> dict[str, Display]:
        """All tables by name."""
        return {each.name: each for each in self.plan.displays("tables")}

    @cached_property
    def figures(self) -> dict[str, Display]:
        """All figures by name."""
        return {each.name: each for each in self.plan.displays("figures")}

    def figure_file(self, name: str) -> str:
        """The file of a figure: a picture, or an animation."""
        return f"results/figures/{name}{FIGURE_ENDS[self.figures[name].entry.animated][0]}"

    def figure_names(self, *, animated: bool) -> list[str]:
        """Names of the figures that are animations, or are not."""
        return [name for name, each in self.figures.items() if each.entry.animated == animated]

    def study_outputs(self, study: str) -> list[str]:
        """What the target named by a study makes."""
        entry, cells = self.plan.config.studies[study], list(self.plan.cells[study].values())
        return [
            *_files(cells, _CELL_FILES),
            *(cell_inventory(study, cell.name) for cell in cells),
            *(file for name in entry.tables for file in self.table_outputs(name)),
            *(file for name in entry.figures for file in self.figure_outputs(name)),
        ]

    def table_outputs(self, name: str) -> list[str]:
        """All files of a table, and what lists them."""
        files = [f"results/tables/{name}{end}" for end in TABLE_ENDS]
        return [*files, display_inventory("tables", name)]

    def figure_outputs(self, name: str) -> list[str]:
        """All files of a figure, and what lists them."""
        ends = FIGURE_ENDS[self.figures[name].entry.animated]
        files = [f"results/figures/{name}{end}" for end in ends]
        return [*files, display_inventory("figures", name)]

    def outputs(self) -> list[str]:
        """All that the target `all` promises, and makes again where it is gone or cut off."""
        studies = [file for study in self.plan.cells for file in self.study_outputs(study)]
        return [*studies, REPORT, REPORT_INVENTORY]

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

    def table_inputs(self, name: str) -> list[str]:
        """Metrics of the cells of a table."""
        return [f"{cell.folder}/metrics.csv" for cell in self.plan.shown(self.tables[name])]

    def figure_inputs(self, name: str) -> dict[str, list[str]]:
        """What the cells of a figure left, and what they were made from."""
        figure = self.figures[name]
        cells = self.plan.shown(figure)
        if figure.entry.whole:
            return {"cells": [f"{cell.folder}/metrics.csv" for cell in cells]}
        return {
            "cells": _files(cells, _CELL_FILES),
            "folders": self.jobs.item_folders(cells),
            "labels": self._made_from(cells, "labels"),
            "fits": self._made_from(cells, "fits"),
        }

    def settings(self, display: Display) -> str:
        """What a table or a figure is told."""
        cells = self.plan.shown(display)
        told = {"name": display.name, "entry": display.entry.model_dump()}
        shown = [cell.name for cell in cells]
        return json.dumps({**told, "shown": shown, "study": self._study(display.study, cells)})

    def _made_from(self, cells: Sequence[Cell], key: str) -> list[str]:
        inputs = [self.jobs.evaluate_inputs(cell.study, cell.name) for cell in cells]
        return list(dict.fromkeys(file for each in inputs for file in each.get(key, [])))

    def _study(self, name: str, cells: Iterable[Cell]) -> dict[str, Any]:
        """What a table, a figure or the report is told of a study and some of its cells."""
        entry, cells = self.plan.config.studies[name], list(cells)
        used = {cell.settings.predictor for cell in cells}
        return {
            "name": name,
            "text": entry.text,
            "dataset": entry.dataset,
            "entry": self.plan.dataset(entry.dataset).model_dump(exclude_unset=True),
            "cells": [self._planned(cell) for cell in cells],
            "predictors": {
                key: each.model_dump() for key, each in self.plan.predictors.items() if key in used
            },
            "protocol": self.plan.config.protocol,
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
        cells = self.plan.every_cell
        folders = [
            folder
            for each in self.plan.cells.values()
            for folder in self.jobs.item_folders(each.values())
        ]
        return {
            "cells": _files(cells, ("metrics.csv", "certificates.csv", "cell.json", "masks")),
            "folders": list(dict.fromkeys(folders)),
            "labels": self._made_from(cells, "labels"),
            "tables": [_table_file(name) for name in self.tables],
            "figures": [self.figure_file(name) for name in self.figures],
        }

    def report_settings(self) -> str:
        """What the report is told."""
        studies, tables, figures = self.plan.cells, self.tables, self.figures
        told = {
            "studies": [self._study(name, cells.values()) for name, cells in studies.items()],
            "tables": [_told(each, _table_file(name)) for name, each in tables.items()],
            "figures": [_told(each, self.figure_file(name)) for name, each in figures.items()],
            "benchmarks": self.jobs.benchmarks(),
        }
        return json.dumps(told)


def cell_inventory(study: str, cell: str) -> str:
    """What lists the files of a cell."""
    return f"{INVENTORIES}/{study}/{cell}.json"


def display_inventory(kind: str, name: str) -> str:
    """What lists the files of one of the `tables` or `figures`; no study is called so."""
    return f"{INVENTORIES}/{kind}/{name}.json"


def _files(cells: Sequence[Cell], names: Sequence[str]) -> list[str]:
    return [f"{cell.folder}/{name}" for cell in cells for name in names]


def _told(display: Display, file: str) -> dict[str, str]:
    return {"file": file, "study": display.study, "caption": display.entry.caption}


def _table_file(name: str) -> str:
    return f"results/tables/{name}.html"


def by_hand(keys: list[str], settings: CellSettings) -> dict[str, Any]:
    """The values of a cell that were set by hand, as `by_hand` of its study tells."""
    own = settings.model_dump()
    given = {**own, **{f"options.{name}": value for name, value in own["options"].items()}}
    return {
        key: given[key]
        for key in keys
        if given.get(key) is not None and given[key] != _USUAL.get(key)
    }
