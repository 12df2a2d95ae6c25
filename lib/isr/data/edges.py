"""What the UNet sees of a frame: blurred colours and how strong the edges are."""

import cv2
import numpy as np
from numpy.typing import NDArray

from isr.data.problems import working_size

Frame = NDArray[np.uint8]
Array = NDArray[np.float32]


def working_frame(frame: Frame, scale: float) -> Frame:
    """A frame (H, W, 3), uint8, at its working size: averaged down to (h, w, 3)."""
    height, width, _ = frame.shape
    wanted = working_size(height, width, scale)
    if wanted == (height, width):
        return frame
    resized = cv2.resize(frame, (wanted[1], wanted[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.uint8)


def edge_map(frame: Frame) -> Array:
    """How strong the edges of a frame are, after Kardoost & Keuper (2021).

    The grey values of the frame, blurred by 3x3, are differentiated along both axes (Sobel, 3x3);
    the mean of the absolute derivatives, at most 1, is blurred by 5x5.

    Args:
        frame: uint8 (h, w, 3), RGB.

    Returns:
        float32 (h, w) in [0, 1].
    """
    grey = cv2.cvtColor(cv2.GaussianBlur(frame, (3, 3), 0), cv2.COLOR_RGB2GRAY)
    along_x, along_y = (
        cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_16S, *order, ksize=3))
        for order in ((1, 0), (0, 1))
    )
    strength = cv2.addWeighted(along_x, 0.5, along_y, 0.5, 0.0).astype(np.float32) / 255
    # The kernel sums up to 1 exactly: what is blurred stays in [0, 1].
    return np.asarray(cv2.GaussianBlur(strength, (5, 5), 0), dtype=np.float32)


def network_input(frame: Frame, scale: float = 1.0) -> Array:
    """What a UNet is given of a frame.

    Args:
        frame: uint8 (H, W, 3), RGB, at its original size.
        scale: the frame is shrunk by this factor first.

    Returns:
        float32 (4, h, w): the colours in [0, 1], blurred by 5x5, and the edge map of the frame
        that is not blurred so.
    """
    small = working_frame(frame, scale)
    colours = cv2.GaussianBlur(small, (5, 5), 0).astype(np.float32) / 255
    layers = [*np.moveaxis(colours, -1, 0), edge_map(small)]
    return np.ascontiguousarray(np.stack(layers))
