"""Validation of a configuration against a JSON schema, with messages that a person understands."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match
from jsonschema.validators import extend

from isr.errors import UserError

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of keys to values",
    "null": "null",
}
_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}


def complete(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Check a configuration and fill in the defaults of the schema.

    Args:
        config: as read from YAML; it stays as it is.
        schema: a JSON schema (draft 2020-12) whose `default`s are to be filled in.

    Returns:
        A copy of `config` with defaults.

    Raises:
        UserError: naming the first key that is wrong, what is wrong and what to do.
    """
    completed = deepcopy(dict(config))
    error = best_match(_Completing(dict(schema)).iter_errors(completed))
    if error is not None:
        raise UserError(f"config: {describe(error)}")
    return completed


def _set_defaults(
    validator: Any, properties: Mapping[str, Any], instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for name, subschema in properties.items():
            if "default" in subschema:
                instance.setdefault(name, deepcopy(subschema["default"]))
    yield from Draft202012Validator.VALIDATORS["properties"](
        validator, properties, instance, schema
    )


_Completing = extend(Draft202012Validator, {"properties": _set_defaults})


def describe(error: ValidationError) -> str:
    """Say in one sentence what is wrong and what to do."""
    place = path(error.absolute_path) or "the top"
    value, wanted = error.instance, error.validator_value
    if "propertyNames" in error.absolute_schema_path:
        return f"{place} has the name {value!r}; {error.schema.get('description')}."
    match error.validator:
        case "additionalProperties":
            unknown = next(key for key in value if key not in error.schema.get("properties", {}))
            known = error.schema.get("properties", {})
            return f"{path([*error.absolute_path, unknown])} is unknown; {suggest(unknown, known)}."
        case "required":
            missing = next(key for key in wanted if key not in value)
            meaning = error.schema.get("properties", {}).get(missing, {}).get("description", "")
            return f"{place} lacks the key {missing!r}; add it{': ' + meaning if meaning else '.'}"
        case "enum":
            return f"{place} is {value!r}; {suggest(value, wanted)}."
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            allowed = " or ".join(_KINDS[kind] for kind in kinds)
            return f"{place} is {value!r}; it must be {allowed}."
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return f"{place} is {value!r}; it must be {_BOUNDS[error.validator]} {wanted}."
        case "minItems" | "minLength" | "minProperties":
            return f"{place} is empty; name at least one."
        case "not":
            return f"{place} does not apply here; remove it."
        case "uniqueItems":
            return f"{place} is {value!r}; name each value once."
        case "pattern":
            return f"{place} is {value!r}; it must be: {error.schema.get('description', wanted)}."
    return f"{place}: {error.message}."


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
