"""The losses, one function per equation of the paper.

All take levels (foreground where <= 0) and weights that sum to one over the population that a term
averages: importance weights make a sum over drawn points an unbiased estimate of the term over all
pixels.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from isr.levels import probability


def cross_entropy(level: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Binary cross entropy: on scribbled pixels BCE(N, s) and BCE(G, s) of eqs. 13 to 15.

    Args:
        level: (..., n) levels.
        target: (..., n) wanted foreground probability: 1 for object scribbles, 0 for background.
        weights: (..., n) importance weights.

    Returns:
        (...,) weighted sums.
    """
    # PyTorch's own has another backward pass under vmap, which loses gradients far from the object:
    # Adam makes steps of them, so that stacks would find something else than fits alone.
    entropy = functional.softplus(-level) + target * level
    return (weights * entropy).sum(-1)


def squared_distance(level: Tensor, unaries: Tensor, weights: Tensor) -> Tensor:
    """Squared distance of probabilities: d of eq. 9, and the coupling MSE(G, N) of eqs. 13 and 15.

    Args:
        level: (..., n) levels of the representation.
        unaries: (..., n) foreground probabilities to agree with.
        weights: (..., n) importance weights.

    Returns:
        (...,) weighted sums.
    """
    return (weights * (probability(level) - unaries).square()).sum(-1)


def absolute_distance(level: Tensor, unaries: Tensor, weights: Tensor) -> Tensor:
    """Absolute distance of probabilities: a d of eq. 9 for unaries of which some are noise.

    Of noise the squared distance asks for a probability of one half, which pulls a region apart
    where others agree on it. The expected absolute distance to labels that are flipped to either
    class with the same chance is the same wherever the region lies (Ghosh, Kumar and Sastry,
    "Robust loss functions under label noise for deep neural networks", AAAI 2017). Its gradient
    vanishes where the region is wrong for certain, so that small objects can be lost for good.

    Args:
        level: (..., n) levels of the representation.
        unaries: (..., n) foreground probabilities to agree with.
        weights: (..., n) importance weights.

    Returns:
        (...,) weighted sums.
    """
    return (weights * (probability(level) - unaries).abs()).sum(-1)


def overlap(levels: Tensor, weights: Tensor) -> Tensor:
    """How deep points lie in more than one part of a union (the paper's section 2.5).

    Args:
        levels: (..., n, parts) levels of the parts.
        weights: (..., n) importance weights.

    Returns:
        (...,) weighted sums of max(0, -level) of the second deepest part: zero if and only if no
        point lies inside two parts.
    """
    if levels.shape[-1] < 2:
        return torch.zeros_like(levels[..., 0]).sum(-1)
    second = levels.topk(2, dim=-1, largest=False).values[..., 1]
    return (weights * functional.relu(-second)).sum(-1)


def gradient_norm(gradient: Tensor, weights: Tensor) -> Tensor:
    """Mean Euclidean norm per pixel of the prediction's gradient: the penalties of eqs. 13 and 14.

    Args:
        gradient: (..., n, channels) of the sum of all predictions with respect to some inputs (the
            colours, or the coordinates) of n pixels.
        weights: (..., n) importance weights.

    Returns:
        (...,) weighted sums. Where the gradient vanishes the penalty's own gradient is zero.
    """
    squares = gradient.square().sum(-1)
    # The derivative of a square root at zero is infinite, and infinity times zero is NaN.
    vanishing = ~(squares > 0)
    norms = squares.masked_fill(vanishing, 1.0).sqrt().masked_fill(vanishing, 0.0)
    return (weights * norms).sum(-1)


def total_variation(
    level: Callable[[Tensor], Tensor], coordinates: Tensor, weights: Tensor
) -> Tensor:
    """Total variation of the foreground probability: the R of eq. 9 that section 2.8.1 names.

    The mean over the picture of the norm of the probability's gradient with respect to coordinates.
    Where the probability falls from 1 to 0 steeply, that is the length of the contour in
    coordinates, in which a picture's longer side is 1, over the picture's area; in three
    dimensions, the surface over the volume. The gradient is exact: a loss is differentiated twice.
    At kinks it is that of one side.

    Args:
        level: gives levels (n,) at coordinates (n, dim), each from its own coordinates alone.
        coordinates: (n, dim) of points.
        weights: (n,) importance weights, of the mean over all pixels alike.

    Returns:
        () weighted sum.
    """

    def summed(points: Tensor) -> Tensor:
        return probability(level(points)).sum()

    return gradient_norm(torch.func.grad(summed)(coordinates), weights)


def gradient_mean_absolute(gradient: Tensor, weights: Tensor) -> Tensor:
    """Mean absolute gradient over pixels and channels: the penalty of the published code.

    Args:
        gradient: (..., n, channels) as in `gradient_norm`.
        weights: (..., n) importance weights.

    Returns:
        (...,) weighted sums.
    """
    return (weights * gradient.abs().mean(-1)).sum(-1)


def multicut(level: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
    """L_multicut of eq. 17 (footnote 7): cross entropy on the pixels with weak labels.

    A foreground label weighs round(b / f / 10) + 1 with b background and f foreground labels, a
    background label 1, after the published code; the mean is over all labels. A frame with labels
    of one class has the plain mean, one without any labels the loss 0.

    Args:
        level: (..., n) levels.
        target: (..., n) 1 where the label is foreground, 0 elsewhere.
        labelled: (..., n) 1 where there is a label, 0 elsewhere.

    Returns:
        (...,) losses.
    """
    count = labelled.sum(-1, keepdim=True)
    objects = (labelled * target).sum(-1, keepdim=True)
    heavier = ((count - objects) / objects.clamp(min=1.0) / 10).round() + 1
    weights = labelled * heavier.where(target > 0, torch.ones_like(target)) / count.clamp(min=1.0)
    return cross_entropy(level, target, weights)


def softly_clipped(term: Tensor, limit: Tensor) -> Tensor:
    """The factor alpha of eq. 17: a term whose value is at most that of another.

    Args:
        term: (...) MSE(P, N), not negative.
        limit: (...) L_multicut.

    Returns:
        (...) alpha term, alpha = limit / term where the term is larger and 1 elsewhere. Alpha is
        held constant: the gradient keeps the term's direction, and `limit` gets none.
    """
    alpha = (limit / term).masked_fill(~(term > limit), 1.0).detach()
    return alpha * term
