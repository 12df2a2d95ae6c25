"""The public calls, as README uses them."""

import numpy as np
import pytest

import isr


def test_every_public_name_is_there_and_others_are_not():
    assert all(callable(getattr(isr, name)) for name in isr.__all__ if name != "__version__")
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        isr.nothing_of_the_kind  # noqa: B018


def test_a_volume_goes_from_file_to_mesh(tmp_path):
    z, rows, columns = np.mgrid[0:10, 0:12, 0:14] + 0.5
    ball = (z - 5) ** 2 + (rows - 6) ** 2 + (columns - 7) ** 2 < 16
    np.save(tmp_path / "stack.npy", ball.astype(np.float32))
    volume = isr.read_volume(tmp_path / "stack.npy")
    third = isr.slice_coordinates(*volume.shape)
    body = isr.fit_unaries(volume, "convex", third=third, steps=80, points=200, width=32)
    isr.write_ply(tmp_path / "body.ply", isr.mesh(body, isr.Scene(12, 14, third=third)))
    assert (tmp_path / "body.ply").read_bytes().startswith(b"ply")
    assert all(c.holds for c in isr.certify(body, 12, 14, third=third, seed=0))
