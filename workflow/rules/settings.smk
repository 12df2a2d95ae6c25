# What each job is told: the JSON of its --settings.


def get_source(wildcards):
    """Address, hash and size of a file to download, as command line options."""
    entry = REMOTE[wildcards.file]
    known = {"url": "url", "sha256": "sha256", "size": "bytes"}
    options = {option: entry[key] for option, key in known.items() if entry[key]}
    return " ".join(f"--{option} {value}" for option, value in options.items())


def get_dataset_settings(wildcards):
    return json.dumps(config["datasets"][wildcards.dataset])


def get_prediction_settings(wildcards):
    settings = configuration.prediction_settings(
        config,
        wildcards.dataset,
        wildcards.predictor,
        wildcards.features,
        int(wildcards.seed),
    )
    return json.dumps(settings)


def get_cell_settings(wildcards):
    settings = configuration.cell_settings(
        config, wildcards.study, get_cell(wildcards), wildcards.cell
    )
    return json.dumps(settings)


def get_case_settings(wildcards):
    get_case(wildcards)
    return json.dumps(cases.settings(config, wildcards.gallery, wildcards.case))


def get_case_evaluation_settings(wildcards):
    get_case(wildcards)
    settings = cases.evaluation_settings(config, wildcards.gallery, wildcards.case)
    return json.dumps(settings)


def get_video_settings(wildcards):
    """The entry of a video's data set, without what concerns other videos."""
    entry = config["videos"][wildcards.video_set]
    return json.dumps(entry | {"videos": [wildcards.video], "text": None})


def get_video_prediction_settings(wildcards, training="each"):
    settings = video_settings.prediction_settings(
        config,
        wildcards.video_set,
        wildcards.predictor,
        wildcards.labels,
        int(wildcards.seed),
        training,
    )
    return json.dumps(settings)


def get_together_settings(wildcards):
    return get_video_prediction_settings(wildcards, "together")


def get_video_cell_settings(wildcards):
    study, cell = wildcards.video_study, get_video_cell(wildcards)
    settings = video_settings.cell_settings(
        config, study, cell, wildcards.cell, cell_videos(study, cell)
    )
    return json.dumps(settings)


def without_null(entry, *keys):
    return {key: entry[key] for key in keys if entry.get(key) is not None}


def name_dataset(dataset):
    entry = config["datasets"][dataset]
    return {"name": dataset} | without_null(
        entry, "kind", "text", "long_side", "objects"
    )


def describe_study(entry):
    """What a table or a figure over a whole study is told about it."""
    study = entry["study"]
    return {
        "study": study,
        "dataset": name_dataset(config["studies"][study]["dataset"]),
        "cells": list(CELLS[study].values()),
        "constraint": configuration.shown_constraint(GRIDS[study], entry),
        "predictors": {
            name: options["kind"] for name, options in config["predictors"].items()
        },
    }


def get_table_settings(wildcards):
    table = TABLES[wildcards.table]
    settings = without_null(table, "kind", "published", "title")
    return json.dumps(settings | describe_study(table))


def get_video_table_settings(wildcards):
    table = TABLES[wildcards.table]
    study = table["study"]
    entry = VIDEO_STUDIES[study]
    cells = [
        cell | {"videos": cell_videos(study, cell)}
        for cell in video_studies.shown_cells(entry, table)
    ]
    settings = {
        "study": study,
        "dataset": name_videos(entry["dataset"]),
        "videos": study_videos(study),
        "cells": cells,
    }
    return json.dumps(without_null(table, "kind", "published", "title") | settings)


def name_videos(name):
    entry = without_null(config["videos"][name], "kind", "text")
    return {"name": name} | ({"text": "Own videos"} if are_own(name) else {}) | entry


def are_own(name):
    """Whether a folder was named that holds nothing the paper has scores of."""
    named = config["videos"][name].get("path")
    return bool(named) and not video_sources.are_published(video_names(name))


def get_figure_settings(wildcards, input):
    figure = FIGURES[wildcards.figure]
    settings = without_null(figure, "kind", "title")
    cells = get_figure_cells(figure)
    match figure["kind"]:
        case "figure_5":
            settings["rows"] = [
                {"dataset": input.dataset, "picture": picture, **cells}
                for picture in figure["pictures"]
            ]
        case "figure_9a":
            settings |= {"dataset": input.dataset, "picture": figure["picture"]}
            settings["fits"] = list(input.fits)
        case "figure_11":
            settings |= describe_study(figure)
            settings["published"] = figure["published"]
    return json.dumps(settings)


def get_gallery_figure_settings(wildcards):
    figure = FIGURES[wildcards.figure]
    settings = without_null(figure, "kind", "title")
    return json.dumps(settings | {"cases": get_shown_cases(figure)})


def words_for_videos(name):
    """What the titles of figures call a data set of videos; nothing for drawn and own ones."""
    entry = config["videos"][name]
    kind = None if are_own(name) else entry["kind"]
    return entry["text"] or {"fbms": "FBMS-59"}.get(kind, "")


def get_video_figure_settings(wildcards):
    figure = VIDEO_FIGURES[wildcards.figure]
    study = figure["study"]
    keys = ("kind", "title", "video", "frame", "frames", "rank", "between")
    settings = without_null(figure, *keys) | {
        "dataset": words_for_videos(VIDEO_STUDIES[study]["dataset"]),
        "videos": videos_folder(study),
        "cells": get_video_figure_cells(figure),
    }
    if figure["kind"] == "figure_15":
        cell = video_studies.figure_cells(VIDEO_STUDIES[study], figure)[0]
        settings["labels"] = labels_folder(study, cell)
    return json.dumps(settings)


def describe_gallery(study):
    """What the report is told about a gallery."""
    entry = GALLERIES[study]
    shown = [
        {
            "case": case,
            "constraint": about["constraint"],
            "picture": f"resources/gallery/{entry['source']}/{about['picture']}",
            "folder": f"results/{study}/{case}",
            "by_hand": cases.by_hand(entry, case),
        }
        for case, about in entry["cases"].items()
    ]
    return {"name": study, **without_null(entry, "source", "text"), "cases": shown}


def describe_video_study(study):
    """What the report is told about a study of videos."""
    entry = VIDEO_STUDIES[study]
    shown = [
        cell | {"folder": f"results/{study}/{name}", "videos": cell_videos(study, cell)}
        for name, cell in VIDEO_CELLS[study].items()
    ]
    return {
        "name": study,
        **without_null(entry, "text"),
        "dataset": name_videos(entry["dataset"]),
        "videos": videos_folder(study),
        "labels": {cell["labels"]: labels_folder(study, cell) for cell in shown},
        "cells": shown,
    }


def get_report_settings(wildcards):
    datasets = [
        name_dataset(name) | {"folder": f"resources/datasets/{name}"}
        for name in DATASETS
    ]
    studies = [
        {"name": study, **without_null(entry, "dataset", "text")}
        | {
            "cells": [
                cell | {"folder": f"results/{study}/{name}"}
                for name, cell in CELLS[study].items()
            ]
        }
        for study, entry in GRIDS.items()
    ]
    tables = [
        {"file": f"results/tables/{name}.html", "caption": caption}
        for name, caption in get_captions(TABLES).items()
    ]
    captions = get_captions(FIGURES)
    figures = [
        {"file": file, "caption": captions[Path(file).stem]}
        for file in figure_files(FIGURES)
    ]
    settings = {
        "datasets": datasets,
        "studies": studies,
        "tables": tables,
        "figures": figures,
        "gallery": [
            {"cell": cell, "dataset": get_cell_dataset(cell)} for cell in THUMBNAILS
        ],
        "galleries": [describe_gallery(study) for study in GALLERIES],
        "video_studies": [describe_video_study(study) for study in VIDEO_STUDIES],
        "benchmarks": list_benchmarks(),
    }
    return json.dumps(settings)
