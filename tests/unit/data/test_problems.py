import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isr.coordinates import pixel_coordinates
from isr.data.pictures import Picture, write_dataset
from isr.data.problems import load_problem, quantise_unaries, read_unaries, working_size
from isr.errors import UserError
from isr.io import write_png

SIZE = (21, 30)


def _picture() -> Picture:
    random = np.random.default_rng(0)
    image = (random.integers(0, 256, (*SIZE, 3)) / 255).astype(np.float32)
    scribbles = np.zeros(SIZE, np.uint8)
    scribbles[10, 12:18] = 1
    scribbles[1, :] = 255
    truth = np.zeros(SIZE, np.uint8)
    truth[5:15, 8:22] = 255
    return Picture("cup", image, scribbles, truth)


@pytest.fixture
def dataset(tmp_path):
    write_dataset(tmp_path / "dataset", [_picture()], source="test", licence="CC0")
    return tmp_path / "dataset"


@pytest.fixture
def semantic(tmp_path):
    folder = tmp_path / "semantic"
    folder.mkdir()
    values = np.random.default_rng(1).random((*SIZE, 2)).astype(np.float32)
    np.save(folder / "cup.npy", values)
    return folder


def _predictions(tmp_path, size):
    folder = tmp_path / "predictions"
    unaries = np.random.default_rng(2).random(size)
    write_png(folder / "unaries" / "cup.png", quantise_unaries(unaries, "p"))
    return folder, unaries


def test_a_problem_has_what_was_asked_for(dataset, semantic, tmp_path):
    bare = load_problem(dataset, "cup")
    assert (bare.name, bare.size, bare.features, bare.unaries) == ("cup", SIZE, None, None)
    assert np.array_equal(bare.scribbles, _picture().scribbles)
    assert np.array_equal(bare.coordinates, pixel_coordinates(*SIZE).astype(np.float32))
    problem = load_problem(dataset, "cup", features="rgb+xy+semantic", semantic=semantic)
    assert problem.features.shape == (*SIZE, 7)
    assert np.allclose(problem.features[..., :3], _picture().image, atol=1e-6)
    assert np.array_equal(problem.features[..., 3:5], problem.coordinates)
    assert np.array_equal(problem.features[..., 5:], np.load(semantic / "cup.npy"))
    folder, unaries = _predictions(tmp_path, SIZE)
    projected = load_problem(dataset, "cup", predictions=folder)
    assert np.abs(projected.unaries - unaries).max() <= 0.5 / 65535 + 1e-7


def test_a_shrunk_picture_keeps_its_coordinates(dataset, semantic):
    """Means over 2 x 2 pixels where the halves are whole; the frame does not move."""
    problem = load_problem(dataset, "cup", features="rgb+xy+semantic", semantic=semantic, scale=0.5)
    assert problem.size == (10, 15)
    assert problem.features.shape == (10, 15, 7)
    whole = pixel_coordinates(*SIZE)
    for corner in (0, -1):
        assert np.abs(problem.coordinates[corner, corner] - whole[corner, corner]).max() < 1 / 30
    steps = np.diff(problem.coordinates, axis=1)[..., 0]
    assert np.allclose(steps, 2 / 30, atol=1e-6)
    # 21 rows became 10: a small row covers 2.1 rows, not 2.
    assert np.allclose(np.diff(problem.coordinates, axis=0)[..., 1], 2.1 / 30, atol=1e-6)
    assert problem.scribbles.max() == 255
    assert (problem.scribbles == 1).any()
    columns = _picture().image.reshape(21, 15, 2, 3).mean(2)
    assert np.abs(problem.features[..., :3].mean((0, 1)) - columns.mean((0, 1))).max() < 0.02


def test_the_published_convention_spans_zero_to_one(dataset):
    problem = load_problem(dataset, "cup", convention="linspace")
    assert problem.coordinates[0, 0].tolist() == [0.0, 0.0]
    assert problem.coordinates[-1, -1].tolist() == [1.0, 1.0]


def test_what_is_missing_or_does_not_fit_is_a_users_mistake(dataset, semantic, tmp_path):
    with pytest.raises(UserError, match="were not given"):
        load_problem(dataset, "cup", features="semantic")
    np.save(semantic / "cup.npy", np.zeros((5, 5, 2), np.float32))
    with pytest.raises(UserError, match=r"cup\.npy has size \(5, 5\)"):
        load_problem(dataset, "cup", features="rgb+semantic", semantic=semantic)
    (semantic / "cup.npy").unlink()
    with pytest.raises(UserError, match=r"cup\.npy does not exist"):
        load_problem(dataset, "cup", features="rgb+semantic", semantic=semantic)
    with pytest.raises(UserError, match="does not exist"):
        load_problem(dataset, "cup", predictions=tmp_path / "none")
    folder, _ = _predictions(tmp_path, (10, 15))
    assert load_problem(dataset, "cup", predictions=folder, scale=0.5).unaries.shape == (10, 15)
    with pytest.raises(UserError, match=r"unaries of cup have size \(10, 15\)"):
        load_problem(dataset, "cup", predictions=folder)


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00v\x00"])
def test_damaged_semantic_features_are_a_users_mistake(dataset, semantic, content):
    (semantic / "cup.npy").write_bytes(content)
    with pytest.raises(UserError, match=r"cup\.npy"):
        load_problem(dataset, "cup", features="rgb+semantic", semantic=semantic)


def test_unaries_survive_the_file_to_half_a_grey_value(tmp_path):
    unaries = np.array([[0.0, 1.0, 0.5], [1 / 65535, 0.123456, 1 - 1e-9]])
    write_png(tmp_path / "u.png", quantise_unaries(unaries, "p"))
    again = read_unaries(tmp_path / "u.png")
    assert again.dtype == np.float32
    assert np.abs(again - unaries).max() <= 0.5 / 65535 + 1e-7
    assert again[0, :2].tolist() == [0.0, 1.0]
    assert np.array_equal(quantise_unaries(again, "p"), quantise_unaries(unaries, "p"))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1e-3, 1.001])
def test_unaries_out_of_range_are_not_written(bad):
    with pytest.raises(UserError, match="not all in"):
        quantise_unaries(np.array([[0.5, bad]]), "p")


def test_only_16_bit_grey_pictures_are_unaries(tmp_path):
    write_png(tmp_path / "u.png", np.zeros((3, 4), np.uint8))
    with pytest.raises(UserError, match=r"u\.png is not a 16-bit"):
        read_unaries(tmp_path / "u.png")


@given(st.integers(1, 3000), st.integers(1, 3000), st.floats(1e-3, 1.0))
def test_a_working_size_has_pixels(height, width, scale):
    size = working_size(height, width, scale)
    assert min(size) >= 1
    assert all(abs(new - old * scale) <= 1 for new, old in zip(size, (height, width), strict=True))
