"""In what the cells of a study of videos differ, for all that plans, makes or reads them."""

AXES = ("labels", "predictor", "training", "constraint", "fit", "distance", "noise", "seed")

TOGETHER = "together"
TRAININGS = ("each", TOGETHER)
"""Whether every video has a network of its own, or one is trained on all videos of a data set."""

SPATIO_TEMPORAL = "spatio-temporal"
"""The fit of one representation in (x, y, t) to a whole video."""
