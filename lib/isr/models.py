"""What all models of the configuration share: strict keys, and mistakes told in one sentence.

Every part of the configuration (a data set, a predictor, a cell, a table, a figure) is a pydantic
model beside the code that it is for. Here stands what they have in common.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from isr.errors import UserError

_NAMES = r"^[A-Za-z][A-Za-z0-9-]*$"
_OUTPUTS = r"^[A-Za-z][A-Za-z0-9_-]*$"
_FILES = r"^([A-Za-z0-9][A-Za-z0-9_-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*$"
_ADDRESSES = r"^(https?|file)://"
_HASHES = r"^[0-9a-f]{64}$"
_PATTERNS = {
    _NAMES: "letters, digits and hyphens, beginning with a letter",
    _OUTPUTS: "letters, digits, hyphens and underscores, beginning with a letter",
    _FILES: "the name of a file",
    _ADDRESSES: "an address that begins with http://, https:// or file://",
    _HASHES: "a SHA-256 of 64 hexadecimal digits",
}
Name = Annotated[str, StringConstraints(pattern=_NAMES)]
"""Of a data set, predictor or study."""
OutputName = Annotated[str, StringConstraints(pattern=_OUTPUTS)]
"""Of a cell, table or figure."""
FileName = Annotated[str, StringConstraints(pattern=_FILES)]
"""Of a file below resources/downloads, or in a folder there."""
Address = Annotated[str, StringConstraints(pattern=_ADDRESSES)]
Sha256 = Annotated[str, StringConstraints(pattern=_HASHES)]
Text = Annotated[str, StringConstraints(min_length=1)]


class OwnPath:
    """Marks a text as the path of a file or a folder of the user's own (`isr.config.paths`)."""


PathText = Annotated[str, StringConstraints(min_length=1), OwnPath()]
"""A path; relative ones are seen from the configuration file in which they stand."""

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping of keys to values",
    "model": "a mapping of keys to values",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
    "less_than": ("less than", "lt"),
}
_EMPTY = {"too_short": "name at least one", "string_too_short": "write something or leave it out"}
_QUOTED = r"'([^']*)'"
_NAME = "[key]"
"""How pydantic marks what is said of a key, not of its value."""
# A key may be called `none`, of scribbles, and a study `model-2`.
_BRANCH = re.compile(r"^(int|float|str|bool|constrained-(int|float|str)|[a-z-]+\[.*\])$")


class Model(BaseModel):
    """A mapping of the configuration whose keys are known.

    Attributes:
        moved: keys that were called otherwise before, each with what to do.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
    moved: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, content: Any) -> Any:
        if not isinstance(content, Mapping):
            return content
        known = cls.model_fields
        for key in content:
            if key in known:
                continue
            advice = cls.moved.get(str(key))
            raise PydanticCustomError(
                "unknown_key", "{advice}", {"key": key, "advice": advice or suggest(key, known)}
            )
        for key, field in known.items():
            if field.is_required() and key not in content:
                meaning = f": {field.description}" if field.description else "."
                context = {"key": key, "meaning": meaning}
                raise PydanticCustomError("missing_key", "{meaning}", context)
        return content


def kind_of(model: type[BaseModel]) -> str:
    """The value of `kind` by which a model is told from others."""
    return str(get_args(model.model_fields["kind"].annotation)[0])


def one_of(models: Iterable[type[BaseModel]]) -> Any:
    """The type of a mapping whose `kind` says which of some models it is."""
    tagged = [Annotated[model, Tag(f"kind={kind_of(model)}")] for model in models]
    return Annotated[Union[tuple(tagged)], Discriminator(_tag)]  # noqa: UP007


def _tag(content: Any) -> str | None:
    kind = content.get("kind") if isinstance(content, Mapping) else getattr(content, "kind", None)
    return None if kind is None else f"kind={kind}"


class RemoteFile(Model):
    """A file to download; put by hand below resources/downloads, it is verified and used."""

    url: Address | None = Field(None, description="its address")
    file: FileName = Field(description="its name below `resources/downloads/`")
    sha256: Sha256 | None = Field(
        None,
        description="what the file must be; without it the first download is recorded, and later "
        "ones must agree",
    )
    bytes: int | None = Field(None, ge=1, description="its size")


@dataclass(frozen=True)
class Sources:
    """What an item, or something of a data set, is made from, or what a predictor needs.

    Attributes:
        downloads: files that have to be downloaded.
        optional: files that may be missing, and are looked for.
        files: the user's own.
    """

    downloads: tuple[RemoteFile, ...] = ()
    optional: tuple[RemoteFile, ...] = ()
    files: tuple[Path, ...] = ()


Parsed = TypeVar("Parsed")


def parse(kind: type[Parsed] | Any, content: Any, where: str = "config") -> Parsed:
    """Check a part of the configuration and fill in defaults.

    Args:
        kind: a model, or any type that pydantic knows.
        content: as read from YAML or JSON.
        where: what a message begins with.

    Raises:
        UserError: naming a key that is wrong, what is wrong with it and what to do.
    """
    try:
        return TypeAdapter(kind).validate_python(content)  # type: ignore[no-any-return]
    except ValidationError as error:
        first = min(error.errors(include_url=False), key=_rank)
        raise UserError(f"{where}: {describe(first)}") from None


def _rank(error: Mapping[str, Any]) -> int:
    """Of a value that fits none of several types, what is wrong with the most specific one."""
    if error["type"] in ("unknown_key", "missing_key"):
        return 0
    # A list is no number, but what is wrong with its values says more.
    last = str(error["loc"][-1]) if error["loc"] else ""
    return 2 if error["type"].endswith("_type") and _is_branch(last) else 1


def describe(error: Mapping[str, Any]) -> str:
    """Say in one sentence what is wrong and what to do.

    Args:
        error: one of `ValidationError.errors()`.
    """
    keys = [key for key in error["loc"] if not (isinstance(key, str) and _is_branch(key))]
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    if error["loc"] and error["loc"][-1] == _NAME:
        wanted = _PATTERNS.get(context.get("pattern", ""), "text")
        quoted = "" if isinstance(value, str) else ", and this one has to be written in quotes"
        return f"{_place(keys[:-1])} has the name {value!r}; names are {wanted}{quoted}."
    place = _place(keys)
    if kind == "unknown_key":
        return f"{path([*keys, context['key']])} is unknown; {context['advice']}."
    if kind == "missing_key":
        end = "" if context["meaning"].endswith(".") else "."
        return f"{place} lacks the key {context['key']!r}; add it{context['meaning']}{end}"
    if kind == "union_tag_not_found" and isinstance(value, Mapping):
        return f"{place} lacks the key 'kind'; add it."
    if kind == "union_tag_invalid":
        shown, known = (_without_tags(context[key]) for key in ("tag", "expected_tags"))
        return f"{place}.kind is {shown!r}; {suggest(shown, re.findall(_QUOTED, known))}."
    if kind == "value_error":
        return f"{place}: {context['error']}"
    if kind in _EMPTY:
        return f"{place} is empty; {_EMPTY[kind]}."
    return f"{place} is {value!r}; {_wanted(kind, context, value) or _lowered(error['msg'])}."


def _wanted(kind: str, context: Mapping[str, Any], value: object) -> str:
    """What a value has to be; "" if it is not known in words of our own."""
    if kind == "string_pattern_mismatch":
        return f"it must be {_PATTERNS.get(context['pattern'], context['pattern'])}"
    if kind in ("literal_error", "enum"):
        return suggest(value, re.findall(_QUOTED, context["expected"]))
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return f"it must be {words} {context[key]:g}"
    if kind == "union_tag_not_found":
        return f"it must be {_KINDS['model']}"
    if kind == "string_type" and _is_scalar(value):
        return "it must be text: write it in quotes"
    if kind == "float_type" and _is_power_of_ten(value):
        return f"it must be a number: write it as {float(str(value))!r}"
    name = kind.split("_")[0]
    return f"it must be {_KINDS[name]}" if kind.endswith("_type") and name in _KINDS else ""


def _is_scalar(value: object) -> bool:
    """Whether YAML may have taken a name for it."""
    return value is None or isinstance(value, bool | int | float | date)


def _is_power_of_ten(value: object) -> bool:
    """Whether it is a number such as 1e-3, which YAML takes for text."""
    return isinstance(value, str) and bool(
        re.fullmatch(r"[+-]?[0-9.]*[0-9][eE][+-]?[0-9]{1,2}", value)
    )


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _without_tags(text: str) -> str:
    return text.replace("kind=", "")


def _place(keys: Iterable[str | int]) -> str:
    return path(keys) or "the top"


def _is_branch(key: str) -> bool:
    """Whether a part of a place names a type among several, not a key."""
    return key == _NAME or bool(_BRANCH.match(key)) or key.startswith("kind=")


def path(keys: Iterable[str | int]) -> str:
    """Write the place of a value as in `studies.convexity.vary.fit[1]`.

    >>> path(["studies", "convexity", "fit", 1])
    'studies.convexity.fit[1]'
    """
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")


def suggest(value: object, known: Iterable[object]) -> str:
    """Name the nearest of the known values, or all of them.

    >>> suggest("jiont", ["sequential", "joint"])
    'choose one of sequential, joint (did you mean joint?)'
    """
    names = [str(name) for name in known]
    if not names:
        return "remove it"
    near = difflib.get_close_matches(str(value), names, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"choose one of {', '.join(names)}{hint}"


def must_know(place: str, name: object, known: Iterable[object]) -> None:
    """Check that there is something of a name.

    Args:
        place: where in the configuration the name stands, for the message.
        name: what is named.
        known: all names there are.

    Raises:
        UserError: there is none; the message suggests one.
    """
    names = list(known)
    if name not in names:
        raise UserError(f"config: {place} is {name!r}; {suggest(name, names)}.")
