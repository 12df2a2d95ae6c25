"""Where the paper's text, its published code and the two protocols differ.

`protocol: paper` follows the text but for `DEPARTURES`. `protocol: published-code` follows the code
where it differs, its crashes mended and its projection effective.
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


@dataclass(frozen=True)
class Departure:
    """One point in which `protocol: paper` does not do what the text says.

    Attributes:
        text: what the paper says.
        ours: what is done instead, and why.
    """

    text: str
    ours: str


DEPARTURES = (
    Departure(
        "Every step evaluates all scribbled pixels and, for the CNN, all pixels.",
        "Every step draws points and, for the CNN, windows; weights make the estimate of each loss "
        "unbiased.",
    ),
    Departure(
        "The projection of a trained predictor keeps the learning rate 0.02 to the end.",
        "The last fifth of its steps runs at a tenth of it: at the constant rate, drawn points "
        "leave their sampling noise in the result.",
    ),
    Departure(
        "Equations 13 and 14 print the gradient penalty as a sum, the text calls it a mean.",
        "It is the mean over pixels of the Euclidean norm.",
    ),
    Departure(
        "The coordinates of a pixel are not defined.",
        "They are pixel centres, with the same unit along both sides.",
    ),
    Departure(
        "The star-shaped network is -1 at the centre by definition (equation 3).",
        "The level is c(u, r) - c(u, 0) - 1, with c convex in r along every direction u.",
    ),
    Departure(
        "Path-connected regions take Adamax at the rate 0.001 with squared distances.",
        "Single pictures take Adam at 0.004, for the base 0.001 once the diffeomorphism moves: it "
        "bends further in as many steps. The base alone is fitted by the cross entropy.",
    ),
    Departure(
        "A periodic region is a sum of sines with free frequencies (equation 8).",
        "That is only almost periodic. Beside it stands a Fourier series on a learned lattice, "
        "after a learned homography.",
    ),
)

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
        "The gradient penalty is made of norms (ours: their mean over pixels).",
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
        "The CNN has leaky ReLU after every layer but the last.",
        "It has leaky ReLU after the first layer and ReLU after the others.",
        False,
        "ours is leaky throughout under both protocols",
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
