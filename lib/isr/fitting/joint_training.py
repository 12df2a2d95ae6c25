"""Eq. 17: the UNet of a video and the representations of its frames, tuned together."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from isr.fitting.frame_representations import FrameRepresentations
from isr.fitting.labelled_video import LabelledVideo
from isr.fitting.sampling import unaries_strata
from isr.fitting.schedule import COUPLING
from isr.fitting.streams import uniforms
from isr.fitting.unet_training import UNetTraining
from isr.fitting.video_folder import VideoFolder, frame_name
from isr.fitting.video_predictor import MULTICUT
from isr.levels import probability
from isr.networks.unet import UNet
from isr.objectives import multicut, softly_clipped, squared_distance


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
        folder: the same frames with their unaries and coordinates, which say where to draw.
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
        folder: VideoFolder,
        *,
        points: int,
        epochs: int,
        learning_rate: float,
        picture_statistics: bool = False,
    ) -> None:
        super().__init__(network, video, epochs=epochs, learning_rate=learning_rate)
        self.network.train(picture_statistics)
        self.video = video
        self.representations, self.folder, self.points = representations, folder, points
        self.finite: dict[str, bool] = {}

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
        self.history += [(name, epoch, term, value) for term, value in values.items()]
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
        return all(bool(gradient.isfinite().all()) for gradient in gradients)

    def _coupling(self, name: str, level: Tensor, epoch: int) -> Tensor:
        """MSE(P, N), estimated at drawn pixels; `level` (h w) is that of the UNet."""
        problem = self.folder.load_frame(name)
        assert problem.unaries is not None
        strata = unaries_strata(problem.unaries, self.points)
        drawn = uniforms(
            self.video.seed, name, "joint points", first_step=epoch, steps=1, count=strata.count
        )
        pixels = strata.draw(drawn)[0]
        device = level.device
        coordinates = torch.from_numpy(problem.coordinates.reshape(-1, 2)[pixels]).to(device)
        own = self.representations.load(name)(coordinates)
        unaries = probability(level[torch.from_numpy(pixels).to(device)])
        return squared_distance(own, unaries, strata.weights.to(device))

    def state(self) -> dict[str, Any]:
        """As of every training, with the representations."""
        more = {"representations": self.representations.state(), "finite": self.finite}
        return super().state() | more

    def load_state(self, state: Mapping[str, Any], /) -> None:
        """As of every training."""
        super().load_state(state)
        self.representations.load_state(state["representations"])
        self.finite = dict(state["finite"])
