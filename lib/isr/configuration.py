"""From the configuration to studies and cells, and what each job is told about its cell.

Nothing here reads files or knows of Snakemake: the workflow's helpers are thin around it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from isr import cases, video_studies
from isr.choices import must_know, pick
from isr.errors import UserError
from isr.protocols import CONVENTIONS, uses_predictions
from isr.schema import complete
from isr.untrained import UNTRAINED

AXES = ("constraint", "predictor", "features", "fit", "seed")
Config = Mapping[str, Any]
Cell = dict[str, Any]


def resolve(
    config: Config, schema: Mapping[str, Any], reserved: Iterable[str] = ()
) -> dict[str, Any]:
    """Check the configuration, fill in defaults and drop the entries that are null.

    Args:
        config: as read from YAML, files laid over one another.
        schema: the JSON schema of the configuration.
        reserved: names that a study may not have, those of the workflow's targets.

    Raises:
        UserError: something is wrong; the message names the key.
    """
    resolved = complete(_without_dropped(config), schema)
    if not resolved["studies"]:
        raise UserError("config: studies is empty; give at least one study.")
    for name, study in resolved["studies"].items():
        place = f"studies.{name}"
        if name in reserved:
            raise UserError(f"config: {place} has the name of a target; give it another name.")
        if study["kind"] == "gallery":
            cases.check(place, study)
            continue
        if study["kind"] == "video":
            video_studies.check(place, study, resolved)
            continue
        must_know(f"{place}.dataset", study["dataset"], resolved["datasets"])
        if ("vary" in study) == ("rows" in study):
            raise UserError(f"config: {place} must have either vary or rows; give one of them.")
        _check_cells(place, study, _of_grids(resolved["predictors"]))
        _check_untrained(resolved, name)
        _check_shown(place, study)
    cases.check_steps(resolved)
    _check_names("tables", grids(resolved) | video_studies.studies(resolved))
    _check_names("figures", resolved["studies"])
    return resolved


def _without_dropped(config: Config) -> dict[str, Any]:
    """Remove entries that are null: of datasets, predictors, studies and of parts of a study."""
    kept = {
        key: _without_null(config[key])
        for key in ("datasets", "videos", "predictors", "studies")
        if key in config
    }
    if isinstance(kept.get("studies"), dict):
        kept["studies"] = {name: _study_parts(study) for name, study in kept["studies"].items()}
    return {**config, **kept}


def _study_parts(study: Any) -> Any:
    if not isinstance(study, Mapping):
        return study
    return {part: _without_null(entry) for part, entry in _without_null(study).items()}


def _without_null(entries: Any) -> Any:
    if not isinstance(entries, Mapping):
        return entries
    return {name: entry for name, entry in entries.items() if entry is not None}


def _of_grids(predictors: Config) -> list[str]:
    """Names of the predictors that are not for videos."""
    return [
        name for name, each in predictors.items() if each["kind"] not in video_studies.PREDICTORS
    ]


def _check_cells(place: str, study: Config, predictors: Iterable[str]) -> None:
    for index, name in enumerate(study.get("vary", {}).get("predictor", [])):
        must_know(f"{place}.vary.predictor[{index}]", name, predictors)
    for index, row in enumerate(study.get("rows", [])):
        must_know(f"{place}.rows[{index}].predictor", row["predictor"], predictors)
        if row in study["rows"][:index]:
            raise UserError(f"config: {place}.rows[{index}] stands there twice; remove one.")
    for name, figure in study["figures"].items():
        for fit in figure_fits(figure):
            pick(cells(study), figure["cell"] | fit, f"{place}.figures.{name}.cell")


def _check_untrained(config: Config, study: str) -> None:
    """What is not trained can only be projected."""
    for index, cell in enumerate(cells(config["studies"][study])):
        predictor, protocol = cell["predictor"], config["protocol"]
        kind = config["predictors"][predictor]["kind"]
        if kind not in UNTRAINED or uses_predictions({**cell, "protocol": protocol}):
            continue
        if cell["fit"] == "sequential":
            raise UserError(
                f"config: protocol is {protocol}, whose fits train their predictor along, but "
                f"studies.{study} has the predictor {predictor!r} of kind {kind}, which is not "
                "trained; take protocol paper or another predictor."
            )
        rows = "rows" in config["studies"][study]
        place = f"studies.{study}." + (f"rows[{index}].fit" if rows else "vary.fit")
        raise UserError(
            f"config: {place} has 'joint' for the predictor {predictor!r} of kind {kind}, which "
            "is not trained; give it fit sequential, in a study of its own or in rows."
        )


def _check_shown(place: str, study: Config) -> None:
    """Tables and figures over a whole study are of one constraint."""
    for kind in ("tables", "figures"):
        for name, entry in study[kind].items():
            if "constraint" in entry:
                shown_constraint(study, entry, f"{place}.{kind}.{name}")


def shown_constraint(study: Config, entry: Config, place: str = "") -> str:
    """Say which constraint a table or a figure over a whole study shows.

    Args:
        study: resolved, of kind grid.
        entry: of the table or figure; its `constraint` null means the study's only one.
        place: where it stands in the configuration, for the message.

    Raises:
        UserError: the study has no such constraint, or several of which none is named.
    """
    known = list(dict.fromkeys(cell["constraint"] for cell in cells(study)))
    chosen = entry["constraint"]
    if chosen is not None:
        must_know(f"{place}.constraint", chosen, known)
        return str(chosen)
    if len(known) > 1:
        raise UserError(
            f"config: {place}: the study has several constraints ({', '.join(known)}); name one "
            "with constraint."
        )
    return str(known[0])


def _check_names(kind: str, studies: Mapping[str, Config]) -> None:
    owner: dict[str, str] = {}
    for study, entry in studies.items():
        for name in entry[kind]:
            if name in owner:
                raise UserError(
                    f"config: studies.{study}.{kind}.{name} stands in study {owner[name]} too; "
                    "give it another name."
                )
            owner[name] = study


def grids(config: Config) -> dict[str, Config]:
    """The studies of kind grid by name."""
    return {name: each for name, each in config["studies"].items() if each["kind"] == "grid"}


def cells(study: Config) -> list[Cell]:
    """List the cells of a grid of a resolved configuration, each with all AXES in their order."""
    if "rows" in study:
        return [{axis: row[axis] for axis in AXES} for row in study["rows"]]
    values = product(*(study["vary"][axis] for axis in AXES))
    return [dict(zip(AXES, combination, strict=True)) for combination in values]


def figure_fits(figure: Config) -> list[Cell]:
    """Say which further axes pick the cells that a figure shows: one entry per cell."""
    if figure["kind"] == "figure_5":
        return [{"fit": "sequential"}, {"fit": "joint"}]
    return [{}] if "cell" in figure else []


def study_settings(config: Config, study: str) -> dict[str, Any]:
    """What the fits of a study keep to: its own `settings` over those of the configuration.

    `alpha` and `uncoupled` are there if the study has them.
    """
    own = config["studies"][study]["settings"]
    keys = ("steps", "points", "stack_size", "problems_per_job")
    settings = {key: own.get(key, config[key]) for key in keys}
    settings["points"] = config["points"] | own.get("points", {})
    return settings | {key: float(own[key]) for key in ("alpha", "uncoupled") if key in own}


def prediction_settings(
    config: Config, dataset: str, predictor: str, features: str, seed: int
) -> dict[str, Any]:
    """What a predictor's own training depends on, the same for every study that projects it.

    One that is not trained takes no steps and draws no points.
    """
    options = config["predictors"][predictor]
    training = {key: config[key] for key in ("steps", "points", "stack_size")}
    return {
        "dataset": dataset,
        "predictor": predictor,
        "predictor_options": options,
        "features": features,
        "seed": seed,
        "protocol": config["protocol"],
        "convention": CONVENTIONS[config["protocol"]],
        **({"steps": 0} if options["kind"] in UNTRAINED else training),
    }


def cell_settings(config: Config, study: str, cell: Cell, name: str) -> dict[str, Any]:
    """What the fits of a cell depend on.

    Args:
        config: resolved.
        study: name of the study.
        cell: values of AXES.
        name: of the cell's folder.
    """
    dataset = config["studies"][study]["dataset"]
    settings = prediction_settings(
        config, dataset, cell["predictor"], cell["features"], cell["seed"]
    )
    own = study_settings(config, study)
    del own["problems_per_job"]
    projects = uses_predictions({**cell, "protocol": config["protocol"]})
    if projects and cell["constraint"] == "path_connected":
        # Its first phase is that of its base, which follows the unaries at once.
        own.pop("uncoupled", None)
    return {"study": study, "cell": name} | settings | own | {key: cell[key] for key in AXES}


def check_pictures(config: Config, names: Callable[[str], Sequence[str]]) -> None:
    """Check that the pictures that grids need exist.

    Args:
        config: resolved.
        names: gives the names of the pictures of a dataset, or raises UserError.

    Raises:
        UserError: a dataset cannot be listed, or does not have a picture that a figure names.
    """
    for name, study in grids(config).items():
        there = names(study["dataset"])
        for figure_name, figure in study["figures"].items():
            place = f"studies.{name}.figures.{figure_name}"
            named = figure.get("pictures", [])
            places = [f"{place}.pictures[{index}]" for index in range(len(named))]
            if "picture" in figure:
                named, places = [figure["picture"]], [f"{place}.picture"]
            for picture, where in zip(named, places, strict=True):
                must_know(where, picture, there)
