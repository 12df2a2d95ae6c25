"""Where the paper's text, its published code and the two protocols differ.

`protocol: paper` follows the text but for `DEPARTURES`. `protocol: published-code` follows the code
where it differs, its crashes mended and its projection effective.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """One difference between text and code.

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
    Departure(
        "Frames of videos are fitted to the unaries of all pixels, first the base by squared "
        "distances.",
        "Every step draws points, balanced and weighted so that the mean stays that over all "
        "pixels, in joint fits too; the base alone is fitted by the cross entropy, and the last "
        "fifth of the steps after it runs at a tenth of the rate.",
    ),
    Departure(
        "Noise among the unaries is met by the squared distance (Table 5).",
        "Studies can take the absolute distance too, which frames of noise mislead less.",
    ),
    Departure(
        "A frame whose fit fails is not spoken of.",
        "A fit whose IoU with its unaries is below 0.5 is done again once, from the beginning with "
        "all steps of a first frame, and no frame starts from a failed one, after the published "
        "code; a frame whose unaries are all of one class is skipped and scored as empty.",
    ),
    Departure(
        "Weak labels are multicut trajectories with confidences (Keuper et al., 2015).",
        "They are taken where they can be had (`published`). Everyone else has `motion`: moving "
        "segments of a dense optical flow, linked over the video, without labels near the object's "
        "border, where trajectories end too; every table says which.",
    ),
    Departure(
        "The statistics of the UNet's batch normalisation are running averages over batches of one "
        "picture.",
        "After training they are the mean over all frames with the final weights, and joint "
        "training holds them there: otherwise representations follow another prediction than the "
        "one that they are compared with.",
    ),
    Departure(
        "The UNet sees every frame of a video 15 times.",
        "Short videos can be seen more often (`min_steps`, 0 in all configurations of the paper).",
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

MOTION = (
    Deviation(
        "Every frame has a representation of its own in the joint fit.",
        "One Adam optimiser, with its moments, serves all frames in turn.",
        False,
        "each has its own state, so that none depends on the order of frames",
    ),
    Deviation(
        "The base of a first frame is fitted for 1,000 steps before the diffeomorphism moves.",
        "It is fitted for 200 of 4,200.",
        True,
    ),
    Deviation(
        "Adamax runs at the rate 0.001.",
        "The rate is halved whenever the loss has not improved for 200 steps.",
        True,
    ),
    Deviation(
        "Table 4 states means over all frames.",
        "The mean of a column is taken over sequences; of annotated frames only those count whose "
        "weak labels agree with the ground truth.",
        False,
        "both means stand in the table, and the csv has those frames alone",
    ),
    Deviation(
        "The representations of the joint fit keep their guarantee.",
        "They are stored before their weights are made non-negative.",
        False,
        "the guarantee would be lost",
    ),
)
