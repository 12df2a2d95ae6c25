"""In what the cells of a study of videos differ, for all that plans, makes or reads them."""

AXES = ("labels", "predictor", "constraint", "fit", "distance", "noise", "seed")

SPATIO_TEMPORAL = "spatio-temporal"
"""The fit of one representation in (x, y, t) to a whole video."""
