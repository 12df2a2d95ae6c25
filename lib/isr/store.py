"""Stored fits: the truth that everything after is made from.

A file holds the parameters of modules in groups of equal ones, stacked: the tensor `G/KEY` has a
row for each fit of group G. The metadata say which problem and seed each row is of, and how the
modules are built again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from isr import constraints
from isr.coordinates import Convention
from isr.data.problems import object_names, parse_name
from isr.errors import UserError, told
from isr.io import atomic_path
from isr.networks.predictors import Predictor
from isr.networks.weights import check_finite
from isr.predictors import Trained, kind_named
from isr.representations import Representation
from isr.representations.union import Union

FITS, HISTORY, PREDICTORS = "fits.safetensors", "history.parquet", "predictors.safetensors"
"""Files of a part of a batch: the last one of joint fits of videos alone."""
PREDICTOR, UNARIES = "predictor.safetensors", "unaries"
"""File and folder of a folder of predictions, beside HISTORY."""

_MAPPINGS = {"frames", "noisy", "schedules", "origins", "settings"}
"""Metadata that are mappings, as far as they are there."""

State = Mapping[str, Tensor]
Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class Group:
    """Fits whose modules are equal but for their parameters.

    Attributes:
        states: parameters by problem and seed, all with the same names and shapes.
        modules: how they are built again: `representation` {name, dim, options}, `predictor`
            {kind, channels, options}; either may be missing.
    """

    states: Mapping[tuple[str, int], State]
    modules: Mapping[str, Mapping[str, Any]]


def write_fits(path: Path, groups: Sequence[Group], metadata: Mapping[str, Any]) -> None:
    """Store fits with what is needed to rebuild them; without any, the metadata stand alone.

    Args:
        path: a .safetensors file; written atomically.
        groups: the fits.
        metadata: plain data.
    """
    tensors: dict[str, Tensor] = {}
    about = []
    for number, group in enumerate(groups):
        rows = list(group.states)
        keys = list(group.states[rows[0]]) if rows else []
        for key in keys:
            stacked = torch.stack([group.states[row][key] for row in rows])
            tensors[f"{number}/{key}"] = stacked.contiguous()
        about.append({"rows": rows, "modules": group.modules})
    content = {**metadata, "groups": about}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, {"isr": json.dumps(content, sort_keys=True)})


@dataclass(frozen=True)
class StoredFits:
    """Fits in a file, of which each is read when it is asked for.

    Attributes:
        path: of the file.
        metadata: what was stored with them.
        seed: whose fits these are; None for those of all seeds.
    """

    path: Path
    metadata: Mapping[str, Any]
    seed: int | None = None
    _places: Mapping[tuple[str, int], tuple[int, int]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def keys(self) -> list[tuple[str, int]]:
        """Problems and seeds of the fits."""
        return [key for key in self._places if self.seed in (None, key[1])]

    @property
    def names(self) -> list[str]:
        """Names of the problems."""
        return list(dict.fromkeys(name for name, _ in self.keys))

    @property
    def convention(self) -> Convention:
        """Of the coordinates."""
        return cast(Convention, self.metadata["convention"])

    def of_seed(self, seed: int) -> "StoredFits":
        """The fits of one seed alone."""
        return replace(self, seed=seed)

    def problems(self, item: str) -> list[str]:
        """Names of the problems of an item: itself, or ITEM/k for each of its objects."""
        own = [name for name in self.names if name == item or parse_name(name)[0] == item]
        # Frames of videos have such names too, counted otherwise.
        return own if own == object_names(item, len(own)) else []

    def _place(self, name: str) -> tuple[int, int]:
        found = [self._places[key] for key in self.keys if key[0] == name]
        if len(found) > 1:
            raise UserError(f"{self.path} holds {name!r} for {len(found)} seeds: name one of them.")
        if not found:
            there = ", ".join(self.names) or "none"
            raise UserError(f"{self.path} holds no fit of {name!r}: there is {there}.")
        return found[0]

    def modules(self, name: str) -> Mapping[str, Any]:
        """How the modules of a problem are built again."""
        modules: Mapping[str, Any] = self.metadata["groups"][self._place(name)[0]]["modules"]
        return modules

    def state(self, name: str, module: str) -> dict[str, Tensor]:
        """Parameters of one problem's module (`representation` or `predictor`), by their own names.

        Raises:
            UserError: there is no such problem.
        """
        group, row = self._place(name)
        prefix = f"{group}/{module}."
        with _opened(self.path) as (stored, _):
            keys = [key for key in stored.keys() if key.startswith(prefix)]  # noqa: SIM118
            return {key[len(prefix) :]: stored.get_slice(key)[row].clone() for key in keys}

    def representation(self, name: str, dtype: torch.dtype = torch.float64) -> Representation:
        """The representation of one problem, exactly as stored, then converted to `dtype`.

        That of an item with several objects is their union, one member for each.
        """
        if name in self.names:
            about = self.modules(name)["representation"]
            built = constraints.build(about["name"], about["dim"], **about["options"])
            return _loaded(built, self.state(name, "representation"), dtype, self.path)
        problems = self.problems(name)
        if not problems:
            self._place(name)
        each = [self.modules(problem)["representation"] for problem in problems]
        members = [{"name": about["name"], "options": about["options"]} for about in each]
        union = Union(each[0]["dim"], members=members)
        state = {
            f"members.{number}.{key}": value
            for number, problem in enumerate(problems)
            for key, value in self.state(problem, "representation").items()
        }
        return _loaded(union, state, dtype, self.path)

    def predictor(self, name: str, dtype: torch.dtype = torch.float32) -> Predictor:
        """The predictor that was trained on one problem.

        Raises:
            UserError: no predictor is stored here.
        """
        about = self.modules(name).get("predictor")
        if about is None:
            raise UserError(f"{self.path} holds no predictor: read the stored predictions.")
        return _loaded(build_predictor(about), self.state(name, "predictor"), dtype, self.path)


def build_predictor(about: Mapping[str, Any]) -> Predictor:
    """The network of a trained predictor, from {kind, channels, options}.

    Raises:
        UserError: there is no such predictor, or it does not know one of the options.
    """
    kind = kind_named(about["kind"])
    if kind is None or not issubclass(kind, Trained):
        raise UserError(f"predictor kind {about['kind']!r} is no network: predict again.")
    try:
        network: Predictor = constraints.load(kind.network)(about["channels"], **about["options"])
    except TypeError as error:
        raise UserError(
            f"predictor {about['kind']!r} cannot be made: {error}; correct its options."
        ) from None
    return network


def own_parameters(state: State, module: str) -> dict[str, Tensor]:
    """Parameters of one module (`representation` or `predictor`) of a state, by their own names.

    >>> own_parameters({"predictor.w": torch.ones(1), "other.w": torch.zeros(1)}, "predictor")
    {'w': tensor([1.])}
    """
    prefix = f"{module}."
    return {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}


def load_parameters(module: nn.Module, state: State) -> None:
    """Put stored parameters into a module; its buffers are what its options made them.

    Raises:
        UserError: names or shapes are not those of the module.
    """
    buffers = dict(module.named_buffers())
    persistent = {key: buffers[key] for key in module.state_dict() if key in buffers}
    with told("stored parameters", "do not fit", "fit again"):
        module.load_state_dict({**persistent, **state})


def _loaded(module: Module, state: State, dtype: torch.dtype, path: Path) -> Module:
    check_finite(state, path, "remove it and fit again")
    load_parameters(module, state)
    return module.to(dtype).requires_grad_(False).eval()


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The open file, and the metadata that it holds."""
    with (
        told(path, "holds no fits", "remove it and fit again", missing="run the fit first"),
        safe_open(path, framework="pt") as stored,
    ):
        content = json.loads(stored.metadata()["isr"])
        yield stored, _checked(content)


def _checked(metadata: Any) -> dict[str, Any]:
    """Metadata of the form that readers rely on.

    Raises:
        ValueError: they are of another one.
    """
    wanted = {
        "representation": {"name": str, "dim": int},
        "predictor": {"kind": str, "channels": int},
    }
    for group in metadata["groups"]:
        for name, seed in group["rows"]:
            if type(name) is not str or type(seed) is not int:
                raise ValueError(f"a row is of {name!r} and {seed!r}")
        for module, about in group["modules"].items():
            for key, kind in {**wanted[module], "options": dict}.items():
                if type(about.get(key)) is not kind:
                    raise ValueError(f"the {key} of a {module} is not told")
    for key in _MAPPINGS & metadata.keys():
        if type(metadata[key]) is not dict:
            raise ValueError(f"{key!r} is {metadata[key]!r}")
    if metadata.get("convention", "isotropic") not in get_args(Convention):
        raise ValueError(f"the convention is {metadata['convention']!r}")
    return dict(metadata)


def read_fits(path: Path) -> StoredFits:
    """Open fits written by `write_fits`.

    Raises:
        UserError: the file is missing, damaged or of another origin.
    """
    with _opened(path) as (_, metadata):
        places = {
            (str(name), int(seed)): (number, row)
            for number, group in enumerate(metadata["groups"])
            for row, (name, seed) in enumerate(group["rows"])
        }
    return StoredFits(Path(path), metadata, None, places)


def read_parts(paths: Sequence[Path]) -> list[StoredFits]:
    """Open the parts of one batch.

    Raises:
        UserError: a part cannot be read, or two parts hold the same fit.
    """
    parts = [read_fits(path) for path in paths]
    keys = [key for part in parts for key in part.keys]
    if len(set(keys)) < len(keys):
        raise UserError(f"{paths[0].parent}: an item is stored twice; remove the folder.")
    return parts
