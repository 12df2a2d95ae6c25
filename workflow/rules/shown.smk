# What tables, figures and the report show, and the files that it comes from.


def get_captions(entries):
    """Caption files of tables or figures: one per kind, a sentence or two of plain text."""
    return {
        name: f"workflow/report/{get_caption(entry)}.rst"
        for name, entry in entries.items()
    }


def get_caption(entry):
    of_video = entry["study"] in VIDEO_STUDIES and entry["kind"].startswith("figure_")
    return f"video_{entry['kind']}" if of_video else entry["kind"]


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
    found += list_video_benchmarks()
    return [{"rule": rule, "file": file} for rule, file in dict.fromkeys(found)]
