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


def without_null(entry, *keys):
    return {key: entry[key] for key in keys if entry.get(key) is not None}


def name_dataset(dataset):
    entry = config["datasets"][dataset]
    return {"name": dataset} | without_null(entry, "kind", "text", "long_side")


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


def describe_gallery(study):
    """What the report is told about a gallery."""
    entry = GALLERIES[study]
    shown = [
        {
            "case": case,
            "constraint": about["constraint"],
            "picture": f"resources/gallery/{entry['source']}/{about['picture']}",
            "folder": f"results/{study}/{case}",
        }
        for case, about in entry["cases"].items()
    ]
    return {"name": study, **without_null(entry, "source", "text"), "cases": shown}


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
    figures = [
        {"file": f"results/figures/{name}.png", "caption": caption}
        for name, caption in get_captions(FIGURES).items()
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
        "benchmarks": list_benchmarks(),
    }
    return json.dumps(settings)
