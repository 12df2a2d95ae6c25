"""Where the paper's text and its published code differ, and which of it the protocols reproduce.

`protocol: paper` follows the text everywhere. `protocol: published-code` follows the code where it
differs, its crashes mended and its projection effective.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """One difference between text and code on the convexity study.

    Attributes:
        text: what the paper says.
        code: what the published code does.
        reproduced: whether `protocol: published-code` does it too.
        reason: why not.
    """

    text: str
    code: str
    reproduced: bool
    reason: str = ""


CONVEXITY = (
    Deviation(
        "The learning rate of joint training falls from 0.02 to 0.002 after 200 steps.",
        "It falls to 0.001.",
        True,
    ),
    Deviation(
        "Nothing is said about initial weights.",
        "All pictures start from the same ones.",
        True,
    ),
    Deviation(
        "Sequential: the predictor is trained first, the representation is fitted to it after.",
        "Both are trained at once; after 200 steps the loss is 0.1 times the data terms plus 100 "
        "times the squared distance to the thresholded prediction.",
        True,
    ),
    Deviation(
        "The gradient penalty is a sum of norms.",
        "It is the mean of absolute derivatives of the probability over all pixels and channels.",
        True,
    ),
    Deviation(
        "The scale of the semantic features is not given; ours run from 0 to 1.",
        "Their principal components enter without normalisation, about 0.003 in size.",
        True,
    ),
    Deviation(
        "The scale of the coordinates is not given; ours run from 0 to 1 along the long side.",
        "They run from 0 to 1 along both sides, whatever the shape of the picture.",
        True,
    ),
    Deviation(
        "Weights are made non-negative after every step, hence the region is convex.",
        "The weights that are stored and scored are copied before that: they are not projected.",
        False,
        "the guarantee would be lost",
    ),
    Deviation(
        "Every picture is optimised for itself.",
        "One Adam optimiser, with its moments, serves all pictures in turn.",
        False,
        "results would depend on the order of pictures",
    ),
    Deviation(
        "The regulariser of the FCN is evaluated on random pixels.",
        "It covers most scribbled pixels and a quarter as many random ones; the configurations as "
        "published stop with an error before that.",
        False,
        "an error in the code",
    ),
    Deviation(
        "The projection of a sequential CNN is trained on the scribbled pixels.",
        "Unlabelled pixels enter with the target 2, which current PyTorch refuses.",
        False,
        "an error in the code",
    ),
)
