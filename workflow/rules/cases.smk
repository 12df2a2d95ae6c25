# Galleries: what a case is made from, and where it lies.

GALLERIES = cases.galleries(config)
GALLERY_FIGURES = figures_of("gallery")
CASES = {study: list(entry["cases"]) for study, entry in GALLERIES.items()}

# One small problem keeps no GPU busy: cases are fitted on one only if nothing else will do.
GALLERY_GPU = 1 if config["device"] == "cuda" else 0

GALLERY_DOWNLOADS = f"{DOWNLOADS}/gallery"


wildcard_constraints:
    gallery="|".join(map(re.escape, GALLERIES)) or "(?!)",
    case="[^/]+",
    source="|".join(gallery.SOURCES),


def get_case(wildcards):
    """The entry of the case that the wildcards name."""
    try:
        return GALLERIES[wildcards.gallery]["cases"][wildcards.case]
    except KeyError:
        raise WorkflowError(
            f"study {wildcards.gallery} has no case {wildcards.case}: "
            "snakemake -n lists the cases there are."
        ) from None


def get_gallery_picture(wildcards):
    """Folder of the picture of a case."""
    picture = get_case(wildcards)["picture"]
    return f"resources/gallery/{GALLERIES[wildcards.gallery]['source']}/{picture}"


def get_gallery_pictures(study):
    """Folders of the pictures of a gallery."""
    entry = GALLERIES[study]
    return [
        f"resources/gallery/{entry['source']}/{name}" for name in cases.pictures(entry)
    ]


def get_gallery_files(wildcards):
    """Files that a picture is made from: downloads, or none."""
    if wildcards.source == "embedded":
        return []
    files = gallery.files([wildcards.picture])
    return [f"{GALLERY_DOWNLOADS}/{file.file}" for file in files]


def get_gallery_downloads(study):
    """Files that a gallery is made from: downloads, or none."""
    entry = GALLERIES[study]
    if entry["source"] == "embedded":
        return []
    files = gallery.files(cases.pictures(entry))
    return [f"{GALLERY_DOWNLOADS}/{file.file}" for file in files]


def case_files(study, file):
    """A file of every case of a gallery."""
    return [f"results/{study}/{case}/{file}" for case in CASES[study]]


def get_shown_cases(figure):
    """What a figure is told of the cases that it shows."""
    study = GALLERIES[figure["study"]]
    return [
        {
            "case": case,
            "picture": f"resources/gallery/{study['source']}/{study['cases'][case]['picture']}",
            "folder": f"results/{figure['study']}/{case}",
        }
        for case in cases.shown(figure)
    ]


def get_gallery_figure_inputs(wildcards):
    shown = get_shown_cases(FIGURES[wildcards.figure])
    files = ("fits/part-0.safetensors", "metrics.csv", "masks", "outlines")
    return {
        "pictures": sorted({case["picture"] for case in shown}),
        "cases": [f"{case['folder']}/{file}" for case in shown for file in files],
    }
