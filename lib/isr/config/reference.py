"""The JSON schema and the tables of config/README.md, made from the models.

    PYTHONPATH=lib python -m isr.config.reference

writes both; a test compares them with the models.
"""

import inspect
import json
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from isr.config.models import Config, Study
from isr.data.kinds import KINDS as DATASETS
from isr.data.kinds import DatasetKind
from isr.io import replace_between, write_text
from isr.models import kind_of
from isr.predictors import KINDS as PREDICTORS
from isr.predictors import PredictorKind
from isr.reporting.figures import KINDS as FIGURES
from isr.reporting.figures import FigureKind
from isr.reporting.tables import KINDS as TABLES
from isr.reporting.tables import TableKind
from isr.settings import VARIED, CellSettings

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.json"
README = ROOT / "config" / "README.md"
START = "<!-- keys: made by python -m isr.config.reference -->"
END = "<!-- end of keys -->"

_NAMES = {int: "whole number", float: "number", str: "text", bool: "`true`, `false`", Any: "any"}


def schema() -> str:
    """The JSON schema of a configuration, for editors."""
    content = Config.model_json_schema()
    content["title"] = "Configuration of the workflow"
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def tables() -> str:
    """All keys with their values, defaults and meanings, as Markdown."""
    parts = [
        ("## The whole", _table(Config, skip=("datasets", "predictors", "studies"))),
        ("## `datasets`", _kinds(DATASETS, DatasetKind)),
        ("## `predictors`", _kinds(PREDICTORS, PredictorKind)),
        ("## `studies`", _table(Study)),
        (
            "### Keys of a cell",
            "They stand in `settings` (for all cells of a study), in an entry of `cells`, and, if "
            f"marked with *, as lists in `vary`.\n\n{_table(CellSettings, starred=VARIED)}",
        ),
        ("### `tables`", _kinds(TABLES, TableKind)),
        ("### `figures`", _kinds(FIGURES, FigureKind)),
    ]
    return "\n\n".join(f"{heading}\n\n{body}" for heading, body in parts)


def _kinds(models: Iterable[type[BaseModel]], base: type[BaseModel]) -> str:
    """Keys of every kind, then of each those that no kind before it has."""
    lines, owners = ["All kinds:", "", _table(base)], dict[tuple[str, str], str]()
    for model in models:
        doc = " ".join((inspect.getdoc(model) or "").split("\n\nAttributes:")[0].split())
        lines += ["", f"**`{kind_of(model)}`**: {doc}"]
        own, shared = [], dict[str, list[str]]()
        for name, field in model.model_fields.items():
            if name == "kind" or name in base.model_fields:
                continue
            owner = owners.setdefault((name, field.description or ""), kind_of(model))
            if owner == kind_of(model):
                own.append(name)
            else:
                shared.setdefault(owner, []).append(f"`{name}`")
        if shared:
            lines[-1] += "".join(
                f" {', '.join(names)}: as of `{owner}`." for owner, names in shared.items()
            )
        if own:
            lines += ["", _table(model, only=own)]
    return "\n".join(lines)


def _table(
    model: type[BaseModel],
    *,
    skip: Iterable[str] = ("kind",),
    only: Iterable[str] | None = None,
    starred: Iterable[str] = (),
) -> str:
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        if name not in skip and (only is None or name in only):
            rows += _rows(f"`{name}`{'*' if name in starred else ''}", name, field)
    return "\n".join(rows)


def _rows(shown: str, name: str, field: FieldInfo) -> list[str]:
    inner = _model(field.annotation)
    meaning = " ".join((field.description or "").split()).replace("|", "\\|")
    value = "mapping, below" if inner else _words(field.annotation, field.metadata)
    rows = [f"| {shown} | {value} | {_default(field)} | {meaning} |"]
    if inner is not None and inner is not CellSettings and not name.startswith("vary"):
        for key, own in inner.model_fields.items():
            rows += _rows(f"`{name}.{key}`", f"{name}.{key}", own)
    elif inner is not None:
        rows[0] = rows[0].replace("mapping, below", "mapping of keys of a cell")
    return rows


def _model(annotation: Any) -> type[BaseModel] | None:
    """The model of a field, or of one that may be null."""
    found = [each for each in (annotation, *get_args(annotation)) if inspect.isclass(each)]
    models = [each for each in found if issubclass(each, BaseModel)]
    return models[0] if len(models) == 1 and get_origin(annotation) is not dict else None


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    value = field.default
    if value is PydanticUndefined:
        return ""
    if isinstance(value, BaseModel):
        own = value.model_dump()
        if not own or len(own) > 3:
            return "`{}`"
        return "`{" + ", ".join(f"{key}: {_plain(each)}" for key, each in own.items()) + "}`"
    return "" if value is None else f"`{_plain(value)}`"


def _plain(value: Any) -> str:
    return json.dumps(value).replace('"', "") if value is not None else "null"


def _words(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """A type in words, with its bounds."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    bounds = " ".join(filter(None, map(_bound, metadata)))
    if origin is Annotated:
        return _words(arguments[0], [*arguments[1:], *metadata])
    if origin is Literal:
        return ", ".join(f"`{_plain(each)}`" for each in arguments)
    if origin in (Union, types.UnionType):
        kinds = [each for each in arguments if each is not type(None)]
        return " or ".join(dict.fromkeys(_words(each, metadata) for each in kinds))
    if origin is list:
        return f"list of {_words(arguments[0])}"
    if origin is dict or (inspect.isclass(annotation) and issubclass(annotation, BaseModel)):
        return "mapping"
    return f"{_NAMES.get(annotation, 'mapping')} {bounds}".strip()


def _bound(metadata: Any) -> str:
    inner = getattr(metadata, "metadata", None)
    if inner:
        return " ".join(filter(None, map(_bound, inner)))
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    return " ".join(
        f"{sign} {getattr(metadata, key):g}"
        for key, sign in signs.items()
        if getattr(metadata, key, None) is not None
    )


def readme(path: Path = README) -> str:
    """The page of config/README.md with its tables as the models are.

    Raises:
        UserError: the page lacks the lines between which they stand.
    """
    return replace_between(path, START, END, tables())


def main() -> None:
    """Write the schema and the tables."""
    write_text(SCHEMA, schema())
    write_text(README, readme())


if __name__ == "__main__":
    main()
