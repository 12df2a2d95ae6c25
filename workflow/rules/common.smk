import json
import re
from functools import cache

import pandas as pd
import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import Paramspace

from isr import cases, configuration, dependencies, parts
from isr.data import gallery, sources
from isr.errors import UserError
from isr.protocols import raw_components, uses_predictions

# Names that a study cannot have, because a rule or a folder has them.
RESERVED = {
    *("all", "download", "tables", "figures", "report"),
    *("fetch", "unpack", "features", "predict", "fit", "evaluate"),
}

schema = yaml.safe_load(
    Path(workflow.source_path("../schemas/config.schema.yaml")).read_text()
)


@cache
def picture_names(dataset):
    """Names of the pictures of a dataset, known before it is unpacked."""
    try:
        return sources.picture_names(config["datasets"][dataset], Path("."))
    except UserError as error:
        raise UserError(f"config: datasets.{dataset}: {error}") from None


try:
    config.update(configuration.resolve(config, schema, RESERVED))
    configuration.check_pictures(config, picture_names)
    cases.check_pictures(config, gallery.names)
except UserError as error:
    raise WorkflowError(str(error)) from None

GRIDS = configuration.grids(config)
DATASETS = sorted({study["dataset"] for study in GRIDS.values()})
TABLES = {
    name: {"study": study, **table}
    for study, entry in GRIDS.items()
    for name, table in entry["tables"].items()
}
FIGURES = {
    name: {"study": study, **figure}
    for study, entry in config["studies"].items()
    for name, figure in entry["figures"].items()
}


def name_cells(study):
    """The cells of a study by the names of their folders."""
    cells = configuration.cells(GRIDS[study])
    space = Paramspace(pd.DataFrame(cells), filename_params="*", single_wildcard="cell")
    return dict(zip(space.instance_patterns, cells))


DOWNLOADS = "resources/downloads"

# Jobs that would use a GPU ask for one unless the configuration keeps them from it. Where and how
# often a fit saves itself stands in `resources`, because a change there redoes nothing.
GPU = 0 if config["device"] == "cpu" else 1

CELLS = {study: name_cells(study) for study in GRIDS}


wildcard_constraints:
    study="|".join(GRIDS) or "(?!)",
    dataset="|".join(config["datasets"]) or "(?!)",
    cell="[^/]+",
    predictor="[^/+]+",
    features="[^/]+",
    seed=r"\d+",
    part=r"\d+",


def get_cell(wildcards):
    """The axes of the cell that the wildcards name."""
    try:
        return CELLS[wildcards.study][wildcards.cell]
    except KeyError:
        raise WorkflowError(
            f"study {wildcards.study} has no cell {wildcards.cell}: "
            "snakemake -n lists the cells there are."
        ) from None


def get_dataset(wildcards):
    """Folder of the pictures of a cell's study."""
    return f"resources/datasets/{config['studies'][wildcards.study]['dataset']}"


def get_semantic(wildcards):
    """Folder of the semantic features, or nothing for a job that does not see them."""
    if "study" in wildcards.keys():
        dataset = config["studies"][wildcards.study]["dataset"]
        features = get_cell(wildcards)["features"]
    else:
        dataset, features = wildcards.dataset, wildcards.features
    if "semantic" in features.split("+"):
        return f"resources/features/{dataset}/semantic"
    return []


def get_predictions(wildcards):
    """Folder of the predictions that a cell projects, if it does not train its own predictor."""
    cell = get_cell(wildcards)
    if not uses_predictions(cell | {"protocol": config["protocol"]}):
        return []
    dataset = config["studies"][wildcards.study]["dataset"]
    predictor = f"{cell['predictor']}+{cell['features']}"
    return f"resources/predictions/{dataset}/{predictor}/seed-{cell['seed']}"


def count_parts(study):
    """Number of fit jobs of each cell of a study."""
    dataset = config["studies"][study]["dataset"]
    at_most = configuration.study_settings(config, study)["problems_per_job"]
    return parts.count(len(picture_names(dataset)), at_most)


def get_fits(wildcards):
    """The stored fits of a cell, one file per part."""
    return [
        f"results/{wildcards.study}/{wildcards.cell}/fits/part-{part}.safetensors"
        for part in range(count_parts(wildcards.study))
    ]


def cell_files(study, file):
    """A file of every cell of a study."""
    return [f"results/{study}/{cell}/{file}" for cell in CELLS[study]]


def study_outputs(study):
    """What the target named by a study makes."""
    entry = config["studies"][study]
    figures = [f"results/figures/{name}.png" for name in entry["figures"]]
    if study in GALLERIES:
        return case_files(study, "metrics.csv") + figures
    return (
        cell_files(study, "metrics.csv")
        + [f"results/tables/{name}.csv" for name in entry["tables"]]
        + figures
    )


def get_archives(dataset):
    """Files that a dataset is made from: a download, a folder of the user's own, or none."""
    entry = config["datasets"][dataset]
    if entry.get("path"):
        return sorted(
            str(path)
            for path in Path(entry["path"]).expanduser().rglob("*")
            if path.is_file() and not path.name.startswith(".")
        )
    return [f"{DOWNLOADS}/{entry['file']}"] if "url" in entry else []


def get_published_features(dataset):
    """What says whether the published features of a dataset can be had, if they are wanted."""
    semantic = config["datasets"][dataset].get("semantic", {})
    if semantic.get("source") not in ("published", "auto"):
        return []
    archive = f"{DOWNLOADS}/{semantic['file']}"
    if semantic["source"] == "published" or was_put_by_hand(archive):
        return [archive]
    return [f"{archive}.status.json"]


def was_put_by_hand(archive):
    """Whether a file is there that no download brought: none was tried, or it failed.

    A downloaded file must not count: it would be a new input, and redo all that is made from it.
    """
    status = Path(f"{archive}.status.json")
    downloaded = status.exists() and json.loads(status.read_text())["present"]
    return Path(archive).exists() and not downloaded


def list_remote_files():
    """Every file that can be downloaded, with its address and hash."""
    entries = list(config["datasets"].values())
    entries += [entry["semantic"] for entry in entries if "semantic" in entry]
    remote = {
        entry["file"]: entry
        for entry in entries
        if "url" in entry and not entry.get("path")
    }
    return remote | {
        f"gallery/{file.file}": vars(file)
        for study in cases.galleries(config).values()
        if study["source"] == "authors"
        for file in gallery.files(cases.pictures(study))
    }


REMOTE = list_remote_files()


def get_captions(entries):
    """Caption files of tables or figures: one per kind, a sentence or two of plain text."""
    return {
        name: f"workflow/report/{entry['kind']}.rst" for name, entry in entries.items()
    }


def get_figure_cells(figure):
    """Folders of the cells that a figure shows, by their kind of fit."""
    study, folders = figure["study"], {}
    for fit in configuration.figure_fits(figure):
        cells = list(CELLS[study].values())
        wanted = configuration.pick(cells, figure["cell"] | fit, study)
        name = list(CELLS[study])[cells.index(wanted)]
        folders[wanted["fit"]] = f"results/{study}/{name}"
    return folders


def get_figure_inputs(wildcards):
    figure = FIGURES[wildcards.figure]
    study = figure["study"]
    dataset = f"resources/datasets/{config['studies'][study]['dataset']}"
    cells = get_figure_cells(figure).values()
    match figure["kind"]:
        case "figure_5":
            files = ("masks", "predictor", "metrics.csv")
            shown = [f"{cell}/{file}" for cell in cells for file in files]
            return {"dataset": dataset, "cells": shown}
        case "figure_9a":
            files = [f"part-{part}.safetensors" for part in range(count_parts(study))]
            fits = [f"{cell}/fits/{file}" for cell in cells for file in files]
            return {"dataset": dataset, "fits": fits}
    return {"metrics": cell_files(study, "metrics.csv")}


# Cells whose masks the report shows: those that figures show.
THUMBNAILS = sorted(
    {
        cell
        for figure in FIGURES.values()
        if figure["study"] in GRIDS
        for cell in get_figure_cells(figure).values()
    }
)


def get_cell_dataset(folder):
    """Folder of the pictures of the cell in a folder."""
    study = Path(folder).parent.name
    return f"resources/datasets/{config['studies'][study]['dataset']}"


def list_benchmarks():
    """Benchmark files of all jobs behind the studies, with their rules."""
    found = []
    for study, entry in GRIDS.items():
        for name, cell in CELLS[study].items():
            folder = f"results/{study}/{name}/benchmarks"
            parts = range(count_parts(study))
            found += [("fit", f"{folder}/fit-{part}.tsv") for part in parts]
            found.append(("evaluate", f"{folder}/evaluate.tsv"))
            if uses_predictions(cell | {"protocol": config["protocol"]}):
                predictor = f"{cell['predictor']}+{cell['features']}"
                folder = f"resources/predictions/{entry['dataset']}/benchmarks"
                found.append(
                    ("predict", f"{folder}/{predictor}/seed-{cell['seed']}.tsv")
                )
    for study in GALLERIES:
        for kind in ("fit", "evaluate"):
            files = case_files(study, f"benchmarks/{kind}.tsv")
            found += [(f"{kind}_gallery", file) for file in files]
    return [{"rule": rule, "file": file} for rule, file in dict.fromkeys(found)]


def names_of(entries, kind):
    """Regular expression of the tables or figures of a kind; for none, one without a match."""
    names = [name for name, entry in entries.items() if entry["kind"] == kind]
    return "|".join(names) or "(?!)"


def option(name):
    """Command line option for an input that a job may lack."""
    return lambda wildcards, input: f"--{name} {input[name]}" if input.get(name) else ""


def library(script, *data):
    """The library files that a script depends on, so that an edit redoes what they made."""
    if not config["watch_library"]:
        return []
    code = dependencies.library_files(Path(script), Path("lib"))
    files = [file for pattern in data for file in sorted(Path("lib/isr").glob(pattern))]
    return [str(file) for file in [*code, *files]]
