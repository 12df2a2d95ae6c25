# Studies of videos: which videos and cells there are, and where their files lie.

VIDEO_STUDIES = video_studies.studies(config)
VIDEO_FIGURES = figures_of("video")
VIDEO_SETS = sorted({study["dataset"] for study in VIDEO_STUDIES.values()})
VIDEO_CELLS = {
    study: name_cells(video_studies.cells(entry))
    for study, entry in VIDEO_STUDIES.items()
}


wildcard_constraints:
    video_study="|".join(VIDEO_STUDIES) or "(?!)",
    video_set="|".join(config["videos"]) or "(?!)",
    video="[^/]+",
    labels="[a-z]+",


def get_video_cell(wildcards):
    """The axes of the cell that the wildcards name."""
    try:
        return VIDEO_CELLS[wildcards.video_study][wildcards.cell]
    except KeyError:
        raise WorkflowError(
            f"study {wildcards.video_study} has no cell {wildcards.cell}: "
            "snakemake -n lists the cells there are."
        ) from None


def cell_folder(study, cell):
    """Folder of the cell of a study of videos with some axes."""
    cells = VIDEO_CELLS[study]
    return f"results/{study}/{list(cells)[list(cells.values()).index(cell)]}"


def cell_videos(study, cell):
    """Names of the videos of a cell of a study."""
    entry = VIDEO_STUDIES[study]
    return video_studies.cell_videos(entry, cell, video_names(entry["dataset"]))


def cell_parts(study, cell):
    """Names of the videos of each fit job of a cell of a study."""
    return video_settings.part_videos(config, study, cell_videos(study, cell))


def study_videos(study):
    """Names of the videos of all cells of a study."""
    entry = VIDEO_STUDIES[study]
    named = {
        video
        for cell in VIDEO_CELLS[study].values()
        for video in cell_videos(study, cell)
    }
    order = entry["videos"] or video_names(entry["dataset"])
    return [*(video for video in order if video in named), *sorted(named - set(order))]


def videos_folder(study):
    """Where the videos of a study lie."""
    return f"resources/videos/{VIDEO_STUDIES[study]['dataset']}"


def labels_folder(study, cell):
    """Where the weak labels of a cell lie."""
    return f"resources/labels/{VIDEO_STUDIES[study]['dataset']}/{cell['labels']}"


def predictions_folder(study, cell):
    """Where the predictions of a cell lie, before any joint fit."""
    parent = f"resources/video_predictions/{VIDEO_STUDIES[study]['dataset']}"
    network = f"{cell['predictor']}+{cell['labels']}"
    if cell["training"] == "together":
        network = f"{network}+together"
    return f"{parent}/{network}/seed-{cell['seed']}"


def get_video_parents(wildcards):
    """Folders that hold those of the videos of a cell, as command line options."""
    study, cell = wildcards.video_study, get_video_cell(wildcards)
    return {
        "videos": videos_folder(study),
        "labels": labels_folder(study, cell),
        "predictions": predictions_folder(study, cell),
    }


def video_inputs(study, cell, videos):
    """Folders of some videos of a cell: frames, weak labels, predictions.

    One network for all videos gives the predictions of all of them at once.
    """
    inputs = {
        kind: [f"{parent}/{video}" for video in videos]
        for kind, parent in (
            ("videos", videos_folder(study)),
            ("labels", labels_folder(study, cell)),
            ("predictions", predictions_folder(study, cell)),
        )
    }
    if cell["training"] == "together":
        inputs["predictions"] = [predictions_folder(study, cell)]
    return inputs


def get_together_inputs(wildcards):
    """Frames and weak labels of all videos that one network is trained on."""
    names = video_names(wildcards.video_set)
    return {
        "videos": [f"resources/videos/{wildcards.video_set}/{name}" for name in names],
        "labels": [
            f"resources/labels/{wildcards.video_set}/{wildcards.labels}/{name}"
            for name in names
        ],
    }


def get_together_outputs(wildcards, output):
    """Folders of the videos in what one network for all of them makes."""
    return [f"{output[0]}/{name}" for name in video_names(wildcards.video_set)]


def get_part_names(wildcards):
    """Names of the videos of one fit job."""
    parts = cell_parts(wildcards.video_study, get_video_cell(wildcards))
    return parts[int(wildcards.part)]


def get_part_inputs(wildcards):
    return video_inputs(
        wildcards.video_study, get_video_cell(wildcards), get_part_names(wildcards)
    )


def get_fit_video_inputs(wildcards):
    """What a fit to stored predictions sees: not the labels."""
    inputs = get_part_inputs(wildcards)
    return {kind: inputs[kind] for kind in ("videos", "predictions")}


def get_finetune_inputs(wildcards):
    """What a joint fit sees: also the part of the sequential cell that it goes on from."""
    before = video_studies.sequential(get_video_cell(wildcards))
    folder = cell_folder(wildcards.video_study, before)
    return {
        **get_part_inputs(wildcards),
        "fits": f"{folder}/fits/part-{wildcards.part}.safetensors",
    }


def get_video_evaluation_inputs(wildcards):
    study, cell = wildcards.video_study, get_video_cell(wildcards)
    parts = [
        f"results/{study}/{wildcards.cell}/fits/part-{part}"
        for part in range(len(cell_parts(study, cell)))
    ]
    joint = cell["fit"] == "joint"
    return {
        **video_inputs(study, cell, cell_videos(study, cell)),
        "fits": [f"{part}.safetensors" for part in parts],
        "predictors": [f"{part}.predictors" for part in parts] if joint else [],
    }


def get_video_files(wildcards):
    """Files that a video is made from: a download, a folder of the user's own, or none."""
    entry = config["videos"][wildcards.video_set]
    if entry.get("path"):
        return files_below(entry["path"], wildcards.video)
    return [f"{DOWNLOADS}/{entry['file']}"] if "url" in entry else []


def get_mapping(wildcards):
    """What says whether the published choice of objects can be had."""
    return optional_file(config["videos"][wildcards.video_set].get("mapping"))


def published_networks(dataset, predictor):
    """Where the published networks lie or will lie, for a predictor that may take them."""
    entry = config["videos"][dataset].get("checkpoints")
    if config["predictors"][predictor]["weights"] == "trained" or not entry:
        return None
    unpacked = Path(DOWNLOADS) / Path(entry["file"]).stem
    return unpacked if unpacked.is_dir() else Path(DOWNLOADS) / entry["file"]


def get_published_networks(wildcards):
    """What the published networks are read from, or says whether they can be had."""
    path = published_networks(wildcards.video_set, wildcards.predictor)
    if path is None:
        return []
    if path.is_dir():
        return files_below(path)
    entry = config["videos"][wildcards.video_set]["checkpoints"]
    is_auto = config["predictors"][wildcards.predictor]["weights"] == "auto"
    return optional_file(entry) if is_auto else [str(path)]


def get_networks_option(wildcards):
    """Where a job looks for the published networks, as a command line option."""
    path = published_networks(wildcards.video_set, wildcards.predictor)
    return "" if path is None else f"--checkpoints {path}"


def get_published_labels(wildcards):
    """What the published labels of a video are made from, or says whether they can be had."""
    entry = config["videos"][wildcards.video_set].get("labels")
    if wildcards.labels not in ("published", "auto") or not entry:
        return []
    unpacked = Path(DOWNLOADS) / Path(entry["file"]).stem
    archive = f"{DOWNLOADS}/{entry['file']}"
    if entry["path"] or unpacked.is_dir():
        files = files_below(entry["path"] or unpacked, wildcards.video)
    elif "url" in entry:
        files = optional_file(entry) if wildcards.labels == "auto" else [archive]
    else:
        # Without any, the job says what belongs where, or takes our own.
        files = [archive] if Path(archive).exists() else []
    return files + get_mapping(wildcards)


def files_below(folder, video=None):
    """Files in a folder of the user's own: those of a video, or all."""
    return sorted(
        str(path)
        for path in Path(folder).expanduser().rglob("*")
        if path.is_file()
        and video in (None, *path.parts)
        and not path.name.startswith(".")
    )


def video_downloads(name):
    """Files of a data set of videos that can be downloaded."""
    entry = config["videos"][name]
    cells = [
        cell
        for study, found in VIDEO_CELLS.items()
        if VIDEO_STUDIES[study]["dataset"] == name
        for cell in found.values()
    ]
    files = [] if entry.get("path") or "url" not in entry else [entry["file"]]
    optional = optional_file(entry.get("mapping"))
    predictors = {cell["predictor"] for cell in cells}
    for key, wanted in (
        ("labels", {cell["labels"] for cell in cells}),
        ("checkpoints", {config["predictors"][name]["weights"] for name in predictors}),
    ):
        remote = entry.get(key) or {}
        if "url" in remote and "published" in wanted:
            files.append(remote["file"])
        elif "url" in remote and "auto" in wanted:
            optional += optional_file(remote)
    return [f"{DOWNLOADS}/{file}" for file in files] + optional


def get_video_figure_cells(figure):
    """Folders of the cells that a figure shows, by their kind of fit."""
    study = figure["study"]
    cells = video_studies.figure_cells(VIDEO_STUDIES[study], figure)
    return {cell["fit"]: cell_folder(study, cell) for cell in cells}


def get_video_figure_inputs(wildcards):
    figure = VIDEO_FIGURES[wildcards.figure]
    study = figure["study"]
    files = ("metrics.csv", "certificates.csv", "masks", "predictor", "outlines")
    labels, shown = [], []
    for cell in video_studies.figure_cells(VIDEO_STUDIES[study], figure):
        folder = cell_folder(study, cell)
        parts = range(len(cell_parts(study, cell)))
        shown += [f"{folder}/fits/part-{part}.safetensors" for part in parts]
        shown += [f"{folder}/{file}" for file in files]
        if figure["kind"] == "figure_15":
            labels = [f"{labels_folder(study, cell)}/{figure['video']}"]
    return {
        "videos": f"{videos_folder(study)}/{figure['video']}",
        "labels": labels,
        "cells": shown,
    }


def get_video_table_metrics(wildcards):
    table = TABLES[wildcards.table]
    study = table["study"]
    cells = video_studies.shown_cells(VIDEO_STUDIES[study], table)
    return [f"{cell_folder(study, cell)}/metrics.csv" for cell in cells]


def video_cell_files(study, file):
    """A file of every cell of a study of videos."""
    return [f"results/{study}/{cell}/{file}" for cell in VIDEO_CELLS[study]]


def shown_folders(study):
    """Folders of the videos of a study and of their weak labels."""
    found = [
        folder
        for cell in VIDEO_CELLS[study].values()
        for kind, folders in video_inputs(study, cell, cell_videos(study, cell)).items()
        if kind != "predictions"
        for folder in folders
    ]
    return list(dict.fromkeys(found))


def list_video_benchmarks():
    """Benchmark files of all jobs behind the studies of videos, with their rules."""
    found = []
    for study, entry in VIDEO_STUDIES.items():
        for name, cell in VIDEO_CELLS[study].items():
            folder = f"results/{study}/{name}/benchmarks"
            job = "finetune_video" if cell["fit"] == "joint" else "fit_video"
            parts = range(len(cell_parts(study, cell)))
            found += [(job, f"{folder}/fit-{part}.tsv") for part in parts]
            found.append(("evaluate_video", f"{folder}/evaluate.tsv"))
            trained = Path(predictions_folder(study, cell))
            folder = trained.parents[1] / "benchmarks" / trained.parent.name
            if cell["training"] == "together":
                found.append(("predict_videos", f"{folder}/{trained.name}.tsv"))
            for video in cell_videos(study, cell):
                made = Path(labels_folder(study, cell)).parent / "benchmarks"
                found.append(("label_video", f"{made}/{cell['labels']}/{video}.tsv"))
                if cell["training"] != "together":
                    own = f"{folder}/{trained.name}/{video}.tsv"
                    found.append(("predict_video", own))
    return found
