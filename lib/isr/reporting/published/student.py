"""The numbers of the student report, each once, with its place there.

Source: "Path Connectedness for Pixelwise Image Segmentation" (A.-K. Ismail and M. Moeller). Its
Table 1 gives four IoUs on one picture, "Mandarins", which is not published; how they were scored,
and over how many seeds, it does not say.
"""

SCRIBBLED = 15_774
"""Scribbled points of that picture (section 4)."""

EPOCHS, BATCH, DRAWN = 300, 1_500, 1_200
"""Epochs, points per step, and how many of these are drawn at random (section 4)."""

NAMES = {"convex": "FICNN", "path_connected": "flow + FICNN"}
"""What the report's two models are here, and what it calls them."""

TABLE_1: dict[tuple[str, bool], float] = {
    ("convex", False): 0.9152,
    ("convex", True): 0.9345,
    ("path_connected", False): 0.9422,
    ("path_connected", True): 0.9592,
}
"""IoU by constraint and whether there is a teacher."""
