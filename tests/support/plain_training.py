"""Equations 13 and 14 as they stand in the paper, over whole pictures, in plain PyTorch."""

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from isr.constraints import build
from isr.coordinates import pixel_coordinates
from isr.data.features.sets import RGB as COLOURS
from isr.data.features.sets import XY as PLACES
from isr.data.features.sets import assemble
from isr.data.kinds import embedded
from isr.data.problems import Problem
from isr.networks.predictors import CNN, FCN

RGB, XY = slice(0, 3), slice(3, 5)
NETWORKS = {"fcn": FCN, "cnn": CNN}


def small_problem(name: str, long_side: int = 96) -> Problem:
    """An embedded photograph with the features rgb+xy."""
    picture = embedded.load(name, long_side)
    coordinates = pixel_coordinates(*picture.size).astype(np.float32)
    features = assemble("rgb+xy", {COLOURS: picture.image, PLACES: coordinates})
    return Problem(name, coordinates, picture.scribbles, features, None)


def train_plainly(problem: Problem, kind: str, *, joint: bool, steps: int, seed: int):
    """A predictor on scribbles and, jointly, its convex representation: masks (h, w) of both."""
    torch.manual_seed(seed)
    features = torch.from_numpy(problem.features)
    scribbles = torch.from_numpy(problem.scribbles).flatten()
    labelled = scribbles != 0
    target = (scribbles[labelled] != 255).float()
    predictor, convex = NETWORKS[kind](5), build("convex")
    for module in (*predictor.modules(), *convex.modules()):
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    convex.project_()
    optimiser = torch.optim.Adam([*predictor.parameters(), *convex.parameters()], 0.02)
    coordinates = torch.from_numpy(problem.coordinates).flatten(0, 1)
    for step in range(steps):
        together = joint and step >= round(steps * 200 / 3000)
        for group in optimiser.param_groups:
            group["lr"] = 0.002 if together else 0.02
        inputs = features.clone().requires_grad_()
        level = predictor.picture_levels(inputs)
        loss = binary_cross_entropy_with_logits(-level.flatten()[labelled], target)
        if kind == "cnn":
            prediction = torch.sigmoid(-level).sum()
            (gradient,) = torch.autograd.grad(prediction, inputs, create_graph=True)
            for channels in (RGB, XY):
                squares = gradient[..., channels].square().sum(-1)
                loss = loss + 0.01 * (squares + 1e-24).sqrt().mean()
        if joint:
            own = convex(coordinates)
            loss = loss + binary_cross_entropy_with_logits(-own[labelled], target)
        if together:
            difference = torch.sigmoid(-own) - torch.sigmoid(-level.flatten())
            loss = loss + difference.square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        convex.project_()
    with torch.no_grad():
        drawn = convex(coordinates).reshape(level.shape)
        return (predictor.picture_levels(features) <= 0).numpy(), (drawn <= 0).numpy()
