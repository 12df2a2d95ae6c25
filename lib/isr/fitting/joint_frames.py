"""Joint fits of videos: a UNet and the representations of its frames, tuned together (eq. 17)."""

import hashlib
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from isr import constraints
from isr.data.items import frame_name
from isr.data.problems import ProblemReader
from isr.errors import UserError
from isr.fitting.engine.attempts import FAILED, PROPER_FIT, agreement, sentence
from isr.fitting.engine.long_work import files_digest
from isr.fitting.engine.optimiser import StackedOptimiser, StackedParameters
from isr.fitting.engine.queue import Key, Phase, State, describe
from isr.fitting.engine.random_numbers import uniforms
from isr.fitting.engine.sampling import Strata, unaries_strata
from isr.fitting.frames import inputs_of
from isr.fitting.jobs import FitJob, Found
from isr.fitting.labelled_video import LabelledVideo, check_kind
from isr.fitting.recipe import Recipe
from isr.fitting.schedules import COUPLING
from isr.fitting.weak_label_training import (
    MULTICUT,
    UNetTraining,
    settle_statistics,
    stored_network,
    unet_metadata,
)
from isr.levels import probability
from isr.networks.inference import predict_video
from isr.networks.unet import UNet
from isr.objectives import multicut, softly_clipped, squared_distance
from isr.representations import Representation
from isr.store import PREDICTOR, Group, StoredFits, read_fits

_log = logging.getLogger(__name__)

LEARNING_RATE = 1e-4
"""Of both networks (section C.2)."""
PREFIX = "representation."
_ROWS = ("values", "mean", "spread", "steps")


class FrameRepresentations:
    """Parameters of one representation per frame, optimised one frame at a time.

    One module computes them all: it is loaded with a frame's parameters before its turn. Moments
    and step counter of Adam belong to the frame, so that a frame's updates are those of an
    optimiser that never saw another one.

    Args:
        module: the representation; its own parameters do not matter.
        states: parameters by frame and name, as fits are stored.
        learning_rate: of all parameters.
        device: where the parameters live.
    """

    def __init__(
        self,
        module: Representation,
        states: Mapping[str, Mapping[str, Tensor]],
        *,
        learning_rate: float,
        device: torch.device,
    ) -> None:
        self.module = module.to(device=device, dtype=torch.float32).requires_grad_(True).train()
        self.row = {name: number for number, name in enumerate(states)}
        modules = nn.ModuleDict({"representation": self.module})
        self.parameters = StackedParameters(modules, len(states), device)
        self.values = self.parameters.values
        for number, state in enumerate(states.values()):
            self.values[number] = self.parameters.flatten(state).to(device)
        self.mean, self.spread = torch.zeros_like(self.values), torch.zeros_like(self.values)
        self.steps = torch.zeros(len(states), 1, device=device)
        self.optimiser = StackedOptimiser(1, self.parameters.size, device)
        self.optimiser.configure([0], rate=learning_rate, active=True)

    def __contains__(self, frame: object) -> bool:
        """Whether this frame has a representation."""
        return frame in self.row

    def load(self, frame: str) -> Representation:
        """The module with the parameters of a frame, without gradients yet."""
        vector_to_parameters(self.values[self.row[frame]].clone(), self.module.parameters())
        self.module.zero_grad()
        return self.module

    @torch.no_grad()
    def step(self, frame: str) -> None:
        """Update a frame with the gradients of the loaded module, and keep its constraint.

        A frame whose gradients are not all finite keeps its parameters.
        """
        gradients = parameters_to_vector([p.grad for p in self.module.parameters()]).unsqueeze(0)  # type: ignore[misc]
        if not bool(gradients.isfinite().all()):
            return
        row = slice(self.row[frame], self.row[frame] + 1)
        adam = self.optimiser
        adam.mean, adam.spread, adam.steps = self.mean[row], self.spread[row], self.steps[row]
        adam.step(self.values[row], gradients, torch.zeros_like(adam.steps))
        self.spread[row] = adam.spread
        vector_to_parameters(self.values[row].flatten(), self.module.parameters())
        self.module.project_()
        self.values[row] = parameters_to_vector(self.module.parameters())

    def stored(self, frame: str) -> dict[str, Tensor]:
        """Parameters of a frame under the names of stored fits: copies on the CPU."""
        return self.parameters.unflatten(self.values[self.row[frame]].cpu())

    def state(self) -> dict[str, Tensor]:
        """All tensors by name, for a checkpoint."""
        return {name: getattr(self, name) for name in _ROWS}

    def load_state(self, state: Mapping[str, Any], /) -> None:
        """Take over the tensors of a checkpoint made by `state`."""
        for name in _ROWS:
            getattr(self, name).copy_(state[name])


class JointTraining(UNetTraining):
    """Tuning of a UNet on the weak labels of a video, and of its representations with it.

    A step sees one frame: L_multicut over its labels, and MSE(P, N) between its representation and
    the UNet's whole prediction at drawn pixels, weighted so that its mean is that over all pixels,
    clipped to L_multicut. Both networks get its gradient. A frame without a representation has
    L_multicut alone. Frames without labels, whose clipped term would be 0, are left as they are.

    The batch statistics of the UNet are held at those of the whole video, which it is evaluated
    with. The published code takes those of the one picture of a step: the representations then
    follow a prediction that is not the one they are compared with.

    Args:
        network: the UNet as it was trained alone.
        representations: those of the frames as they were fitted alone.
        video: frames and labels.
        reader: reads the same frames with their unaries and coordinates, which say where to draw.
        points: drawn pixels per step.
        epochs: times that every labelled frame is seen.
        learning_rate: of both.
        picture_statistics: whether batch statistics are those of each picture, after the published
            code; `settle_statistics` has to follow.
    """

    def __init__(
        self,
        network: UNet,
        representations: FrameRepresentations,
        video: LabelledVideo,
        reader: ProblemReader,
        *,
        points: int,
        epochs: int,
        learning_rate: float,
        picture_statistics: bool = False,
    ) -> None:
        super().__init__(network, video, epochs=epochs, learning_rate=learning_rate)
        self.network.train(picture_statistics)
        self.video = video
        self.representations, self.reader, self.points = representations, reader, points
        self.finite: dict[str, bool] = {}
        self._kept: dict[str, _Pixels] = {}

    def advance(self) -> None:
        """Take one step, on one frame; one whose loss or gradient is not finite changes nothing."""
        epoch, number, _ = self.place()
        name = frame_name(self.video.video.name, number)
        level = self.network(self.video.inputs(number)).flatten(1)
        loss = labels = multicut(level, *self.video.targets(number, epoch)).sum()
        terms = {MULTICUT: labels}
        if name in self.representations:
            terms[COUPLING] = coupling = self._coupling(name, level[0], epoch)
            loss = labels + softly_clipped(coupling, labels)
        values = {term: float(value.detach()) for term, value in terms.items()}
        finite = all(map(math.isfinite, values.values()))
        if finite:
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            finite = self._has_finite_gradients(name)
        if finite:
            self.optimiser.step()
            if name in self.representations:
                self.representations.step(name)
        self.finite[name] = self.finite.get(name, True) and finite
        seed = self.video.seed
        self.history += [(name, seed, epoch, term, value) for term, value in values.items()]
        self.done += 1

    def _has_finite_gradients(self, name: str) -> bool:
        """Whether those of the UNet and of the frame's representation are finite."""
        modules = [
            self.network,
            *([self.representations.module] if name in self.representations else []),
        ]
        gradients = [
            p.grad for module in modules for p in module.parameters() if p.grad is not None
        ]
        # All in one question: an accelerator has to be waited for at each.
        return bool(torch.stack([gradient.isfinite().all() for gradient in gradients]).all())

    def _coupling(self, name: str, level: Tensor, epoch: int) -> Tensor:
        """MSE(P, N), estimated at drawn pixels; `level` (h w) is that of the UNet."""
        frame = self._pixels(name)
        drawn = uniforms(
            *(self.video.seed, name, "joint points"),
            first_step=epoch,
            steps=1,
            count=frame.strata.count,
        )
        pixels = torch.from_numpy(frame.strata.draw(drawn)[0]).to(level.device)
        own = self.representations.load(name)(frame.coordinates[pixels])
        return squared_distance(own, probability(level[pixels]), frame.weights)

    def _pixels(self, name: str) -> "_Pixels":
        """What is drawn from a frame; beside an accelerator it is read once and kept."""
        if name in self._kept:
            return self._kept[name]
        problem = self.reader.load_frame(name, self.video.seed)
        assert problem.unaries is not None
        strata = unaries_strata(problem.unaries, self.points)
        coordinates = torch.from_numpy(problem.coordinates.reshape(-1, 2)).to(self.device)
        found = _Pixels(strata, coordinates, strata.weights.to(self.device))
        if self.device.type != "cpu":
            self._kept[name] = found
        return found

    def state(self) -> dict[str, Any]:
        """As of every training, with the representations."""
        more = {"representations": self.representations.state(), "finite": self.finite}
        return super().state() | more

    def load_state(self, state: Mapping[str, Any], /) -> None:
        """As of every training."""
        super().load_state(state)
        self.representations.load_state(state["representations"])
        self.finite = dict(state["finite"])


@dataclass(frozen=True)
class _Pixels:
    """How pixels of a frame are drawn, where all (h w, 2) lie, and weights (n,) of drawn ones."""

    strata: Strata
    coordinates: Tensor
    weights: Tensor


@dataclass(frozen=True)
class Before:
    """What the joint fit of one video goes on from.

    Attributes:
        job: whose it is.
        name: of the video.
        seed: of the study.
        fits: the sequential fits of its frames.
    """

    job: FitJob
    name: str
    seed: int
    fits: StoredFits

    @classmethod
    def of(cls, job: FitJob, key: Key) -> "Before":
        """See that everything fits together before the first step.

        Raises:
            UserError: the sequential fits do not have the video, the labels are of another kind, or
                files are missing.
        """
        name, seed = key
        if name not in job.labels:
            raise UserError(f"{name}: no weak labels are given, which a joint fit learns from.")
        check_kind(job.labels[name], job.cell.labels)
        for part in job.sequential:
            told = part.metadata["frames"].get(str(seed), {})
            if all(frame in told for frame in job.reader.frames(name)):
                return cls(job, name, seed, part.of_seed(seed))
        raise UserError(
            f"--fits: the sequential fits tell nothing of {name}: give those of the sequential "
            "cell, fitted to these predictions."
        )

    def frames(self) -> dict[str, dict[str, Any]]:
        """What became of every frame."""
        told = self.fits.metadata["frames"][str(self.seed)]
        return {name: dict(told[name]) for name in self.job.reader.frames(self.name)}

    def states(self) -> dict[str, State]:
        """Parameters of the frames that have a representation."""
        return {
            name: {
                f"{PREFIX}{key}": value
                for key, value in self.fits.state(name, "representation").items()
            }
            for name in self._fitted()
        }

    def _fitted(self) -> list[str]:
        there = set(self.fits.names)
        return [name for name in self.job.reader.frames(self.name) if name in there]

    def about(self) -> dict[str, Any]:
        """How the representations are built again."""
        for name in self._fitted():
            return dict(self.fits.modules(name)["representation"])
        return Recipe.of_cell(self.job.cell, self.job.protocol, video=True).about(2)

    def network(self) -> UNet:
        """The UNet that was trained on the video, and its file."""
        network = read_fits(self._network_file).of_seed(self.seed).predictor(self.name)
        if not isinstance(network, UNet):
            raise UserError(f"{self._network_file} holds no UNet: predict the video again.")
        return network

    @property
    def _network_file(self) -> Path:
        predictions = self.job.reader.predictions
        if predictions is None:
            raise UserError(f"{self.name}: no predictions are given: predict the video first.")
        return predictions.folder(self.name, self.seed) / PREDICTOR

    def digest(self, video: LabelledVideo) -> str:
        """A hash of all that the training is made from."""
        stored = files_digest([self._network_file])
        own = inputs_of(self.job, [(self.name, self.seed)])
        state = hashlib.sha256(f"{video.digest()}{stored}{own}".encode())
        for name, parameters in self.states().items():
            state.update(name.encode())
            for value in parameters.values():
                state.update(value.contiguous().numpy().tobytes())
        return state.hexdigest()

    def training(self) -> JointTraining:
        """The training, before its first step."""
        job, cell = self.job, self.job.cell
        rate = cell.joint_learning_rate or LEARNING_RATE
        video = LabelledVideo.of(job, self.name, self.seed)
        about = self.about()
        module = constraints.build(about["name"], about["dim"], **about["options"])
        points = cell.points
        assert points is not None
        return JointTraining(
            self.network(),
            FrameRepresentations(module, self.states(), learning_rate=rate, device=job.run.device),
            video,
            job.reader,
            points=points.strokes + points.random,
            epochs=cell.epochs,
            learning_rate=rate,
            picture_statistics=job.published,
        )


def tune(before: Before) -> JointTraining:
    """Tune the UNet of a video and the representations of its frames.

    Raises:
        UserError: a file is missing or damaged, or the video has no foreground label.
    """
    training, job, name, seed = before.training(), before.job, before.name, before.seed
    what, inputs = f"{job.what}: {name}, seed {seed}", before.digest(training.video)
    job.complete(training, f"{name}-{seed}", what, name=name, seed=seed, inputs=inputs)
    if job.published:
        settle_statistics(training.network, training.video)
    return training


def _judged(before: Before, training: JointTraining) -> dict[Key, dict[str, Any]]:
    """What became of every frame, with the agreement of its fit with the tuned UNet."""
    job, own = before.job, training.representations
    found: dict[Key, dict[str, Any]] = {}
    predicted = predict_video(training.network, training.video.video, job.predictor.scale)
    for (name, told), unaries in zip(before.frames().items(), predicted, strict=True):
        if name in own:
            problem = replace(job.reader.load_frame(name, before.seed), unaries=unaries)
            told["iou"] = agreement(own.load(name), problem)
            if told["iou"] < PROPER_FIT:
                told["status"] = FAILED
                _log.warning("%s: %s (seed %d): %s", job.what, name, before.seed, sentence(told))
        found[name, before.seed] = told
    return found


def fit(job: FitJob, keys: Sequence[Key]) -> Found:
    """Tune the UNets of some videos and the representations of their frames, one after the other.

    Raises:
        UserError: a file is missing, damaged or of something else, or a video has no foreground
            label.
    """
    every = {key: Before.of(job, key) for key in keys}
    found, states, networks = Found(), dict[Key, State](), dict[Key, State]()
    modules: dict[str, Any] = {}
    about: dict[str, Any] = {}
    for (name, seed), before in every.items():
        training = tune(before)
        own = training.representations
        found.frames |= _judged(before, training)
        found.finite |= {(frame, seed): training.finite.get(frame, True) for frame in own.row}
        found.history += training.history
        states |= {(frame, seed): own.stored(frame) for frame in own.row}
        networks[name, seed] = stored_network(training.network)
        modules = {"representation": before.about()}
        about = {"predictor": unet_metadata(training.network)}
    rate = job.cell.joint_learning_rate or LEARNING_RATE
    found.schedules["joint"] = describe((Phase(1.0, rate, {MULTICUT: 1.0, COUPLING: 1.0}),))
    found.groups = [Group(states, modules)] if states else []
    found.predictors = [Group(networks, about)]
    return found
