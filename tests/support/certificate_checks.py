"""Third coordinates of scenes, and which checks of a representation fail."""

import numpy as np

from isr.coordinates import ThirdAxis
from isr.evaluation.certificates import certify
from isr.representations import Representation

THIRD = {
    "t": ThirdAxis("t", np.linspace(0, 1, 5)),
    "uneven": ThirdAxis("z", np.array([0.0, 0.1, 0.5, 0.6, 2.0])),
    "one frame": ThirdAxis("t", np.array([0.0])),
    "depth": ThirdAxis("depth", np.random.default_rng(0).uniform(size=(24, 32))),
    "plane": ThirdAxis("depth", np.mgrid[0:24, 0:32].sum(axis=0) / 56),
}


def failing(representation: Representation, **options) -> list[str]:
    certificates = certify(representation, 24, 32, seed=0, **options)
    return [certificate.method for certificate in certificates if not certificate.holds]
