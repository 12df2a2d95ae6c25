"""What each job is made from, and what it is told: the inputs and settings of every rule."""

import json
import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from isr.config.plan import Cell, Key, Plan, Share
from isr.data.corruptions import CLEAN
from isr.data.features.sets import SEMANTIC
from isr.data.kinds.base import files_below
from isr.models import RemoteFile, Sources
from isr.predictors import Trained
from isr.predictors.base import trains_along
from isr.settings import EVALUATION, SPATIO_TEMPORAL

DOWNLOADS = Path("resources/downloads")


def item_folder(dataset: str, item: str) -> str:
    """Where an item lies."""
    return f"resources/datasets/{dataset}/{item}"


def features_folder(dataset: str, corruption: str = CLEAN) -> str:
    """Where the semantic features of a data set lie, of its pictures as they are or corrupted."""
    kind = SEMANTIC if corruption == CLEAN else f"{SEMANTIC}+{corruption}"
    return f"resources/features/{dataset}/{kind}"


def label_folder(dataset: str, labels: str, item: str) -> str:
    """Where the weak labels of a video lie."""
    return f"resources/labels/{dataset}/{labels}/{item}"


class Jobs:
    """The jobs of a plan.

    Args:
        plan: what is asked for.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan, self.config = plan, plan.config

    # Downloads

    @cached_property
    def remote(self) -> dict[str, RemoteFile]:
        """Every file that can be downloaded, by its name below the folder of downloads."""
        found: list[RemoteFile] = []
        for name in self.config.datasets:
            entry = self.plan.dataset(name)
            every = [entry.feature_sources()]
            for item in self.plan.items(name):
                every += [
                    entry.label_sources(item, kind, self.plan.root, DOWNLOADS)
                    for kind in ("published", "auto")
                ]
                every.append(entry.sources(item, self.plan.root))
            for sources in every:
                found += [*sources.downloads, *sources.optional]
            found += filter(None, [entry.network_sources()])
        for predictor in self.plan.predictors.values():
            found += predictor.sources().downloads
        return {file.file: file for file in found if file.url is not None}

    def fetch_settings(self, file: str) -> str:
        """Address, hash and size of a file to download."""
        return json.dumps(self.remote[file].model_dump(include={"url", "sha256", "bytes"}))

    def files(self, sources: Sources) -> list[str]:
        """Files that something is made from, and what says whether optional ones can be had.

        Of files below links, those that they lead to: where a link is moved on to other files, even
        to older ones, something else is made from them.
        """
        downloads = [DOWNLOADS / file.file for file in sources.downloads]
        optional = [Path(_optional(file)) for file in sources.optional]
        # What was put there by hand may be a link, but is looked for by its own name.
        linked = [path for path in (*downloads, *optional) if path.is_symlink()]
        return [*map(str, (*downloads, *optional)), *map(_followed, (*linked, *sources.files))]

    def downloads(self) -> list[str]:
        """All files that the studies need from elsewhere."""
        found: list[str] = []
        for cell in self.plan.every_cell:
            labelled = self._labels(cell, cell.items)
            for item in cell.items:
                found += self.unpack_inputs(cell.dataset, item)
                if labelled:
                    found += self.label_inputs(cell.dataset, cell.settings.labels, item)
            if self._semantic(cell):
                found += self.features_inputs(cell.dataset)
            for share in self.plan.shares_of(cell, cell.works):
                found += self.checkpoints(share)[1]
        folder = str(DOWNLOADS)
        return [file for file in dict.fromkeys(found) if file.startswith(folder)]

    # Items, labels, features

    def unpack_inputs(self, dataset: str, item: str) -> list[str]:
        """What an item is made from."""
        return self.files(self.plan.dataset(dataset).sources(item, self.plan.root))

    def unpack_settings(self, dataset: str, item: str) -> str:
        """The entry of its data set, without what concerns others."""
        return json.dumps(self.plan.dataset(dataset).settings(item))

    def label_inputs(self, dataset: str, labels: str, item: str) -> list[str]:
        """What the weak labels of a video are made from, beside its frames."""
        entry = self.plan.dataset(dataset)
        return self.files(entry.label_sources(item, labels, self.plan.root, DOWNLOADS))

    def features_inputs(self, dataset: str) -> list[str]:
        """What the semantic features of a data set are made from, beside its items."""
        return self.files(self.plan.dataset(dataset).feature_sources())

    def features_settings(self, dataset: str, corruption: str = CLEAN) -> str:
        """Where the semantic features come from, whether they are scaled, and what corrupts."""
        semantic = getattr(self.plan.dataset(dataset), "semantic", None)
        raw = self.config.protocol == "published-code"
        told = {} if semantic is None else semantic.model_dump()
        if corruption != CLEAN:
            cells = self._seeing(dataset, corruption)
            seeds = dict.fromkeys(cell.settings.seed for cell in cells)
            told |= {"corruption": corruption, "seeds": list(seeds)}
        return json.dumps({**told, "raw_components": raw})

    def features_items(self, dataset: str, corruption: str = CLEAN) -> list[str]:
        """Folders of the items whose semantic features are made.

        As they are, those are all items that any study takes of the data set.
        """
        clean = [cell for cell in self.plan.every_cell if cell.dataset == dataset]
        return self.item_folders(
            clean if corruption == CLEAN else self._seeing(dataset, corruption)
        )

    def _seeing(self, dataset: str, corruption: str) -> list[Cell]:
        folder = features_folder(dataset, corruption)
        return [cell for cell in self.plan.every_cell if folder in self._semantic(cell)]

    def item_folders(self, cells: Iterable[Cell]) -> list[str]:
        """Folders of the items of some cells of one data set, in its order."""
        cells = list(cells)
        return [item_folder(cells[0].dataset, item) for item in self.plan.shown_items(cells)]

    def _semantic(self, job: Cell | Share) -> list[str]:
        """The semantic features that a cell or a predictor sees, if it does."""
        seen = SEMANTIC in (job.settings.features or "").split("+")
        return [features_folder(job.dataset, job.settings.corruption)] if seen else []

    def _labels(self, job: Cell | Share, items: Iterable[str]) -> list[str]:
        """The weak labels of some items that a predictor learns from, if it does from labels."""
        if self.plan.predictor(job.settings).input != "labels":
            return []
        return [label_folder(job.dataset, job.settings.labels, item) for item in items]

    # Predictions

    def predict_inputs(self, share: Share) -> dict[str, list[str]]:
        """What predictions are made from."""
        items = _names(share.works)
        inputs = {
            "folders": [item_folder(share.dataset, item) for item in items],
            "semantic": self._semantic(share),
            "labels": self._labels(share, items),
            "networks": self.checkpoints(share)[1],
        }
        return _given(inputs)

    def checkpoints(self, share: Share) -> tuple[str, list[str]]:
        """Where a job looks for published networks ("" for nowhere), and what says if there are."""
        if own := self.files(self.plan.predictor(share.settings).sources()):
            return own[0], own
        remote = self.plan.dataset(share.dataset).network_sources()
        weights = getattr(self.plan.predictor(share.settings), "weights", "trained")
        if weights == "trained" or remote is None:
            return "", []
        unpacked = DOWNLOADS / Path(remote.file).stem
        if unpacked.is_dir():
            return str(unpacked), [_followed(path) for path in files_below(unpacked)]
        archive = DOWNLOADS / remote.file
        return str(archive), [_optional(remote) if weights == "auto" else str(archive)]

    def predict_told(self, share: Share) -> dict[str, list[str]]:
        """The same as a job is told it: of published networks, where it looks for them."""
        place = self.checkpoints(share)[0]
        return _given({**self.predict_inputs(share), "networks": [place] if place else []})

    def predict_memory(self, share: Share) -> int:
        """Megabytes that a job needs at most."""
        return self.plan.predictor(share.settings).memory

    def predict_settings(self, share: Share) -> str:
        """What a predictor's own training depends on, the same for every study that projects it."""
        predictor = self.plan.predictor(share.settings)
        told: dict[str, Any] = {
            "dataset": share.dataset,
            "name": share.settings.predictor,
            "predictor": predictor.model_dump(),
            "protocol": self.config.protocol,
            "precision": self.config.precision,
            "works": share.works,
        }
        if share.settings.corruption != CLEAN:
            told["corruption"] = share.settings.corruption
        if predictor.input == "features":
            told["features"] = share.settings.features
        if predictor.input == "labels":
            told |= {key: getattr(share.settings, key) for key in ("labels", "training")}
        elif isinstance(predictor, Trained):
            told |= {
                "steps": self.config.steps,
                "points": self.config.points.model_dump(),
                "stack_size": self.config.stack_size,
            }
        return json.dumps(told)

    # Fits

    def fit_inputs(self, study: str, batch: str, part: int) -> dict[str, list[str]]:
        """What a part of a batch is fitted from."""
        cell, works = self.plan.batch(study, batch)[0], self.plan.parts(study, batch)[part]
        items = _names(works)
        inputs = {
            "folders": [item_folder(cell.dataset, item) for item in items],
            "predictions": [share.folder for share in self.plan.shares_of(cell, works)],
        }
        if trains_along(self.plan.predictor(cell.settings), cell.settings, self.config.protocol):
            inputs["semantic"] = self._semantic(cell)
        if self.plan.is_framewise(cell) and cell.settings.fit == "joint":
            inputs["labels"] = self._labels(cell, items)
            before = self.plan.sequential(cell)
            assert before is not None
            inputs["fits"] = self.plan.fits_of(before, works)
        return _given(inputs)

    def fit_settings(self, study: str, batch: str, part: int) -> str:
        """What the fits of a part depend on; what concerns other kinds of fit is left out."""
        cell = self.plan.batch(study, batch)[0]
        return json.dumps(
            {
                "study": study,
                "batch": batch,
                "protocol": self.config.protocol,
                "precision": self.config.precision,
                "cell": self._fit_keys(cell),
                "predictor": self.plan.predictor(cell.settings).model_dump(),
                "works": self.plan.parts(study, batch)[part],
            }
        )

    def _fit_keys(self, cell: Cell) -> dict[str, Any]:
        """Settings of a cell without those that concern other kinds of fit or of item alone."""
        predictor, settings = self.plan.predictor(cell.settings), cell.settings
        dropped = {"items", "seed", "problems_per_job", *EVALUATION}
        if not self.plan.has_wholes(cell):
            dropped |= {"steps", "noise", "margin", "threshold"}
        if not self.plan.is_framewise(cell):
            dropped |= {"first_steps", "next_steps", "epochs", "joint_learning_rate"}
        elif settings.fit != "joint":
            dropped |= {"epochs", "joint_learning_rate"}
        if settings.fit != SPATIO_TEMPORAL:
            dropped.add("noise")
        if settings.corruption == CLEAN:
            dropped.add("corruption")
        if predictor.input != "labels":
            dropped |= {"labels", "training"}
        if predictor.input != "features":
            dropped.add("features")
        return settings.model_dump(exclude=dropped)

    # Evaluation

    def evaluate_inputs(self, study: str, name: str) -> dict[str, list[str]]:
        """What a cell is evaluated from."""
        cell = self.plan.cell(study, name)
        inputs = {
            "folders": [item_folder(cell.dataset, item) for item in cell.items],
            "fits": self.plan.fits_of(cell, cell.works),
            "predictions": [share.folder for share in self.plan.shares_of(cell, cell.works)],
            "semantic": self._semantic(cell),
            "labels": self._labels(cell, cell.items),
        }
        return _given(inputs)

    def evaluate_settings(self, study: str, name: str) -> str:
        """What the evaluation of a cell depends on."""
        cell = self.plan.cell(study, name)
        return json.dumps(
            {
                "study": study,
                "cell": name,
                "dataset": cell.dataset,
                "protocol": self.config.protocol,
                "seed": cell.settings.seed,
                "name": cell.settings.predictor,
                "predictor": self.plan.predictor(cell.settings).model_dump(),
                "items": cell.items,
                "settings": {
                    **self._fit_keys(cell),
                    **cell.settings.model_dump(include={"seed", *EVALUATION}),
                },
            }
        )

    def benchmarks(self) -> list[dict[str, str]]:
        """Files with the costs of all jobs behind the studies, with their rules."""
        found: list[tuple[str, str]] = []
        for cell in self.plan.every_cell:
            for part in self.plan.parts_of(cell, cell.works):
                found.append(("fit", f"logs/fit/{cell.study}/{cell.batch}/part-{part}.tsv"))
            found.append(("evaluate", f"logs/evaluate/{cell.study}/{cell.name}.tsv"))
            for share in self.plan.shares_of(cell, cell.works):
                place = f"{share.dataset}/{share.network}/{share.name}"
                found.append(("predict", f"logs/predict/{place}.tsv"))
            for folder in self._labels(cell, cell.items):
                place = folder.removeprefix("resources/labels/")
                found.append(("label", f"logs/label/{place}.tsv"))
        return [{"rule": rule, "file": file} for rule, file in dict.fromkeys(found)]


def told_inputs(inputs: Mapping[str, list[str]]) -> str:
    """What a job is told of the inputs of its rule, see `isr.cli.Inputs`.

    Folders of items are the inputs `folders` of a rule, since `items` has a meaning of its own in
    Snakemake.
    """
    return json.dumps({"items" if key == "folders" else key: own for key, own in inputs.items()})


def _given(inputs: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {key: files for key, files in inputs.items() if files}


def _names(works: Iterable[Key]) -> list[str]:
    return list(dict.fromkeys(item for item, _ in works))


def _followed(path: Path) -> str:
    """A file as it is named, or that which links on its way lead to."""
    real, named = os.path.realpath(path), os.path.join(os.path.realpath(os.curdir), path)
    return str(path) if real == os.path.normpath(named) else real


def _optional(file: RemoteFile) -> str:
    """What says whether a file can be had: itself if put there by hand, else how a download went.

    A downloaded file must not count: it would be a new input, and redo all that is made from it.
    """
    archive = DOWNLOADS / file.file
    status = Path(f"{archive}.status.json")
    downloaded = status.exists() and json.loads(status.read_text())["present"]
    by_hand = archive.exists() and not downloaded
    return str(archive) if by_hand or file.url is None else str(status)
