import numpy as np
import pytest

from isr.evaluation.pixel_components import background_components, components


def drawn(text: str) -> np.ndarray:
    return np.array([[pixel == "#" for pixel in row] for row in text.split()])


@pytest.mark.parametrize(
    ("text", "count", "euler", "holes"),
    [
        ("#.. .#. ..#", 1, 1, 0),
        ("### #.# ###", 1, 0, 1),
        (".#. #.# .#.", 1, 0, 1),
        ("#.# ... #.#", 4, 4, 0),
        ("... ... ...", 0, 0, 0),
        ("### ### ###", 1, 1, 0),
        ("##### #.#.# #####", 1, -1, 2),
        ("##### #...# #.#.# #...# #####", 2, 1, 1),
        # Background that meets only at a corner is apart: foreground passes there.
        (".### #.## ##.# ###.", 1, -1, 2),
    ],
)
def test_components_holes_and_euler_number(text, count, euler, holes):
    mask = drawn(text)
    found = components(mask)
    assert (found.count, found.euler) == (count, euler)
    labels, number = background_components(mask)
    assert number == holes
    assert set(np.unique(labels[~mask])) == {*range(2, holes + 2)} | (
        {1} if (labels == 1).any() else set()
    )
    assert not labels[mask].any()


def test_the_largest_component_is_the_first():
    found = components(drawn("#...### ....### #......"))
    assert found.labels[0, 5] == 1
    assert np.bincount(found.labels.ravel()).tolist()[1:] == [6, 1, 1]


def test_a_volume():
    mask = np.zeros((3, 3, 3), dtype=bool)
    mask[0, 0, 0] = mask[1, 1, 1] = mask[2, 2, 2] = True
    assert components(mask).count == 1
    mask[1, 1, 1] = False
    assert components(mask).count == 2
