"""Relative paths of a configuration, which are seen from the file that they stand in.

So it does not matter where Snakemake runs. What stands in no file, but on the command line or in
another workflow, is seen from the folder where Snakemake runs.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from isr.models import Model, OwnPath

Keys = tuple[str, ...]
Whole = TypeVar("Whole", bound=Model)


@dataclass(frozen=True)
class Layer:
    """One file of the configuration.

    Attributes:
        folder: in which it lies.
        content: as it was read.
    """

    folder: Path
    content: Mapping[str, Any]

    @classmethod
    def read(cls, file: str | Path, load: Callable[[Path], Mapping[str, Any]]) -> "Layer":
        """A file as `load` reads it."""
        path = Path(os.path.abspath(file))
        return cls(path.parent, load(path))

    def value(self, keys: Keys) -> Any:
        """What stands at a place of the configuration, such as `datasets.mine.path`; else None."""
        found: Any = self.content
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found


def anchored(config: Whole, layers: Sequence[Layer], root: Path) -> Whole:
    """The configuration with all paths as they are seen from one folder.

    Args:
        config: the whole.
        layers: its files, each laid over those before it.
        root: the folder that paths of the result are seen from, where they lie below it; others
            become absolute.
    """
    return _anchored(config, (), layers, root)


def _anchored(model: Whole, place: Keys, layers: Sequence[Layer], root: Path) -> Whole:
    changed: dict[str, Any] = {}
    for name, value in model:
        keys = (*place, name)
        if isinstance(value, Model):
            changed[name] = _anchored(value, keys, layers, root)
        elif isinstance(value, dict):
            changed[name] = {
                key: _anchored(each, (*keys, key), layers, root)
                if isinstance(each, Model)
                else each
                for key, each in value.items()
            }
        elif isinstance(value, str) and _is_path(model, name):
            changed[name] = _seen_from(root, value, _folder(keys, value, layers))
    own = {name: value for name, value in changed.items() if value != getattr(model, name)}
    return model.model_copy(update=own) if own else model


def _is_path(model: Model, name: str) -> bool:
    return any(isinstance(each, OwnPath) for each in _metadata(type(model).model_fields[name]))


def _metadata(field: Any) -> Iterator[Any]:
    yield from field.metadata
    # Of `Path | None`, it stands with the one type.
    for kind in getattr(field.annotation, "__args__", ()):
        yield from getattr(kind, "__metadata__", ())


def _folder(keys: Keys, value: str, layers: Sequence[Layer]) -> Path | None:
    """The folder of the uppermost file that says so."""
    found = (layer.folder for layer in reversed(layers) if layer.value(keys) == value)
    return next(found, None)


def _seen_from(root: Path, value: str, folder: Path | None) -> str:
    path = Path(value).expanduser()
    if folder is None or path.is_absolute():
        return value
    here = Path(os.path.abspath(root))
    there = folder / path
    return str(there.relative_to(here) if there.is_relative_to(here) else there)
