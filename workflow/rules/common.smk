import json
import re
from functools import cache

import pandas as pd
import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import Paramspace

from isr import cases, configuration, dependencies, parts
from isr import video_settings, video_studies
from isr.data import gallery, sources, video_sources
from isr.errors import UserError
from isr.protocols import raw_components, uses_predictions

# Names that a study cannot have, because a rule or a folder has them.
RESERVED = {
    *("all", "download", "tables", "figures", "report", "animate"),
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


@cache
def video_names(name):
    """Names of the videos of an entry of `videos`, known before it is unpacked."""
    try:
        return video_sources.video_names(config["videos"][name], Path("."))
    except UserError as error:
        raise UserError(f"config: videos.{name}: {error}") from None


try:
    config.update(configuration.resolve(config, schema, RESERVED))
    configuration.check_pictures(config, picture_names)
    cases.check_pictures(config, gallery.names)
    video_studies.check_videos(config, video_names)
except UserError as error:
    raise WorkflowError(str(error)) from None

GRIDS = configuration.grids(config)
DATASETS = sorted({study["dataset"] for study in GRIDS.values()})
TABLES = {
    name: {"study": study, **table}
    for study, entry in config["studies"].items()
    for name, table in entry.get("tables", {}).items()
}
FIGURES = {
    name: {"study": study, **figure}
    for study, entry in config["studies"].items()
    for name, figure in entry["figures"].items()
}


def figures_of(kind):
    """The figures of the studies of a kind: kinds of figures have the same names there."""
    return {
        name: figure
        for name, figure in FIGURES.items()
        if config["studies"][figure["study"]]["kind"] == kind
    }


def name_cells(cells):
    """Cells by the names of their folders."""
    # As objects, since a number among others must not change how it is written.
    frame = pd.DataFrame(cells, dtype=object)
    space = Paramspace(frame, filename_params="*", single_wildcard="cell")
    return dict(zip(space.instance_patterns, cells))


DOWNLOADS = "resources/downloads"

# Jobs that would use a GPU ask for one unless the configuration keeps them from it. Where and how
# often a fit saves itself stands in `resources`, because a change there redoes nothing.
GPU = 0 if config["device"] == "cpu" else 1

CELLS = {
    study: name_cells(configuration.cells(entry)) for study, entry in GRIDS.items()
}


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
    figures = figure_files(entry["figures"])
    if study in GALLERIES:
        return case_files(study, "metrics.csv") + figures
    cells = video_cell_files if study in VIDEO_STUDIES else cell_files
    return (
        cells(study, "metrics.csv")
        + [f"results/tables/{name}.csv" for name in entry["tables"]]
        + figures
    )


def figure_files(names):
    """Files of figures: pictures, and animations."""
    ends = {
        name: "gif" if FIGURES[name]["kind"] == "animation" else "png" for name in names
    }
    return [f"results/figures/{name}.{end}" for name, end in ends.items()]


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
    match semantic.get("source"):
        case "published":
            return [f"{DOWNLOADS}/{semantic['file']}"]
        case "auto":
            return optional_file(semantic)
    return []


def optional_file(entry):
    """What says whether a file can be had: itself if put there by hand, else how a download went."""
    if not entry:
        return []
    archive = f"{DOWNLOADS}/{entry['file']}"
    return [archive if was_put_by_hand(archive) else f"{archive}.status.json"]


def was_put_by_hand(archive):
    """Whether a file is there that no download brought: none was tried, or it failed.

    A downloaded file must not count: it would be a new input, and redo all that is made from it.
    """
    status = Path(f"{archive}.status.json")
    downloaded = status.exists() and json.loads(status.read_text())["present"]
    return Path(archive).exists() and not downloaded


def list_remote_files():
    """Every file that can be downloaded, with its address and hash."""
    entries = [*config["datasets"].values(), *config["videos"].values()]
    further = ("semantic", "mapping", "labels", "checkpoints")
    entries += [entry[key] for entry in entries for key in further if entry.get(key)]
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
