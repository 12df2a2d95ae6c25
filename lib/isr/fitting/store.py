"""Stored fits: the truth that everything after is made from."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata as packages
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from isr import __version__, predictors, representations
from isr.data.objects import object_names, parse_name
from isr.errors import UserError
from isr.io import atomic_path
from isr.representations.union import Union

State = Mapping[str, Tensor]
Module = TypeVar("Module", bound=nn.Module)


def versions() -> dict[str, str]:
    """Versions of what determines the numbers."""
    return {"isr": __version__, **{name: packages.version(name) for name in ("torch", "numpy")}}


def write_fits(
    path: Path,
    states: Mapping[str, State],
    metadata: Mapping[str, Any],
    *,
    allow_none: bool = False,
) -> None:
    """Store the parameters of equal modules, stacked, with what is needed to rebuild them.

    Args:
        path: a .safetensors file; written atomically.
        states: parameters by problem name, all with the same names and shapes.
        metadata: plain data; `names` and `versions` are added.
        allow_none: whether there may be no state at all; the metadata stand alone then.

    Raises:
        ValueError: there is nothing to store.
    """
    names = list(states)
    if not names and not allow_none:
        raise ValueError(f"{path}: no states to store")
    keys = list(states[names[0]]) if names else []
    stacked = {key: torch.stack([states[name][key] for name in names]).contiguous() for key in keys}
    content = {**metadata, "names": names, "versions": versions()}
    with atomic_path(path) as temporary:
        save_file(stacked, temporary, {"isr": json.dumps(content, sort_keys=True)})


@dataclass(frozen=True)
class StoredFits:
    """Fits read from a file.

    Attributes:
        metadata: what was stored with them.
        parameters: (problem, ...) tensors by name.
    """

    metadata: Mapping[str, Any]
    parameters: Mapping[str, Tensor]

    @property
    def names(self) -> list[str]:
        """Names of the problems."""
        return list(self.metadata["names"])

    @property
    def pictures(self) -> list[str]:
        """Names of the pictures whose only object, or whose objects, the problems are."""
        return list(dict.fromkeys(parse_name(name)[0] for name in self.names))

    def problems(self, picture: str) -> list[str]:
        """Names of the problems of a picture: itself, or PICTURE/k for each of its objects."""
        own = [name for name in self.names if parse_name(name)[0] == picture]
        # Frames of videos have such names too, counted otherwise.
        return own if own == object_names(picture, len(own)) else []

    def state(self, name: str, module: str) -> dict[str, Tensor]:
        """Parameters of one problem's module (`representation` or `predictor`), by their own names.

        Raises:
            UserError: there is no such problem.
        """
        if name not in self.names:
            there = ", ".join(self.names) or "none"
            raise UserError(f"no fit of {name!r} is stored: there is {there}.")
        number = self.names.index(name)
        own = own_parameters(self.parameters, module)
        return {key: value[number].clone() for key, value in own.items()}

    def representation(
        self, name: str, dtype: torch.dtype = torch.float64
    ) -> representations.Representation:
        """The representation of one problem, exactly as stored, then converted to `dtype`.

        That of a picture with several objects is their union, one member for each.
        """
        about = self.metadata["representation"]
        if name not in self.names and (problems := self.problems(name)):
            members = [{key: about[key] for key in ("name", "options")}] * len(problems)
            union = Union(about["dim"], members=members)
            state = {
                f"members.{number}.{key}": value
                for number, problem in enumerate(problems)
                for key, value in self.state(problem, "representation").items()
            }
            return _loaded(union, state, dtype)
        built = representations.build(about["name"], about["dim"], **about["options"])
        return _loaded(built, self.state(name, "representation"), dtype)

    def predictor(self, name: str, dtype: torch.dtype = torch.float32) -> predictors.Predictor:
        """The predictor that was trained on one problem.

        Raises:
            UserError: no predictor is stored here.
        """
        about = self.metadata.get("predictor")
        if about is None:
            raise UserError("these fits hold no predictor: read the stored predictions.")
        built = predictors.build(about["kind"], about["channels"], **about["options"])
        return _loaded(built, self.state(name, "predictor"), dtype)


def own_parameters(state: Mapping[str, Tensor], module: str) -> dict[str, Tensor]:
    """Parameters of one module (`representation` or `predictor`) of a state, by their own names.

    >>> own_parameters({"predictor.w": torch.ones(1), "other.w": torch.zeros(1)}, "predictor")
    {'w': tensor([1.])}
    """
    prefix = f"{module}."
    return {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}


def load_parameters(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put stored parameters into a module; its buffers are what its options made them.

    Raises:
        UserError: names or shapes are not those of the module.
    """
    buffers = dict(module.named_buffers())
    persistent = {key: buffers[key] for key in module.state_dict() if key in buffers}
    try:
        module.load_state_dict({**persistent, **state})
    except RuntimeError as error:
        raise UserError(f"stored parameters do not fit: {error}; fit again.") from None


def _loaded(module: Module, state: Mapping[str, Tensor], dtype: torch.dtype) -> Module:
    load_parameters(module, state)
    return module.to(dtype).requires_grad_(False).eval()


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The open file, and the metadata that it holds."""
    try:
        with safe_open(path, framework="pt") as stored:
            yield stored, json.loads(stored.metadata()["isr"])
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: run the fit first.") from None
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} holds no fits ({error}): remove it and fit again.") from None


def read_fits(path: Path) -> StoredFits:
    """Read fits written by `write_fits`.

    Raises:
        UserError: the file is missing, damaged or of another origin.
    """
    with _opened(path) as (stored, metadata):
        parameters = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
    return StoredFits(metadata, parameters)


def read_metadata(path: Path) -> dict[str, Any]:
    """Read what is stored with fits, without their parameters.

    Raises:
        UserError: as `read_fits`.
    """
    with _opened(path) as (_, metadata):
        return metadata


def read_parts(paths: Sequence[Path]) -> list[StoredFits]:
    """Read the parts of one cell.

    Raises:
        UserError: a part cannot be read, or two parts hold the same problem.
    """
    parts = [read_fits(path) for path in paths]
    names = [name for part in parts for name in part.names]
    if len(set(names)) < len(names):
        raise UserError(f"{paths[0].parent}: a picture is stored twice; remove the folder.")
    return parts
