import numpy as np
import pytest
import torch

import isr
from isr.coordinates import ThirdAxis, pixel_coordinates
from isr.errors import PoorFit, UserError
from isr.fitting.engine.queue import Phase
from isr.fitting.schedules import COUPLING
from isr.levels import foreground

SIZE = (72, 80)


def _disc() -> np.ndarray:
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]] + 0.5
    return (rows - 36) ** 2 + (columns - 40) ** 2 < 25**2


def _occluded() -> np.ndarray:
    """The disc behind two upright bars that hide nearly half of it."""
    unaries = _disc().astype(np.float32)
    unaries[:, 24:34] = unaries[:, 46:56] = 0.0
    return unaries


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def _mask(representation) -> np.ndarray:
    coordinates = torch.from_numpy(pixel_coordinates(*SIZE))
    with torch.no_grad():
        return foreground(representation.double()(coordinates)).numpy()


def test_a_convex_fit_completes_a_half_occluded_disc():
    assert _iou(_occluded() > 0.5, _disc()) < 0.55
    shape = isr.fit_unaries(_occluded(), "convex", steps=1000, points=500, object_weight=0.6)
    assert _iou(_mask(shape), _disc()) >= 0.95


def test_an_unconstrained_fit_follows_unaries_where_a_convex_one_cannot():
    """Two far-apart bars: the hull of both is mostly background."""
    unaries = np.zeros(SIZE, np.float32)
    unaries[10:60, 8:20] = unaries[10:60, 60:72] = 1.0
    free = _mask(isr.fit_unaries(unaries, "unconstrained", steps=600, points=400))
    convex = _mask(isr.fit_unaries(unaries, "convex", steps=600, points=400))
    assert _iou(free, unaries > 0.5) >= 0.9
    assert _iou(convex, unaries > 0.5) <= 0.6


def test_scribbles_are_obeyed_where_unaries_say_nothing():
    scribbles = np.zeros(SIZE, np.uint8)
    scribbles[30:40, 10:30] = 1
    scribbles[:, 45:50] = 255
    unaries = np.full(SIZE, 0.5, np.float32)
    mask = _mask(isr.fit_unaries(unaries, scribbles=scribbles, steps=200, points=200))
    assert mask[scribbles == 1].mean() > 0.95
    assert mask[scribbles == 255].mean() < 0.05


def test_the_seed_determines_the_bits():
    one, two, other = (isr.fit_unaries(_occluded(), steps=5, seed=s, width=8) for s in (1, 1, 2))
    for key, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[key])
    assert not torch.equal(one.network.first.weight, other.network.first.weight)
    assert all(not parameter.requires_grad for parameter in one.parameters())


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("size", [(6, 5), (1, 40), (40, 1), (1, 1)])
def test_unaries_of_one_value_and_odd_sizes_are_fitted(value, size):
    shape = isr.fit_unaries(np.full(size, value), steps=150, points=50, width=16)
    with torch.no_grad():
        level = shape(torch.from_numpy(pixel_coordinates(*size)).float())
    assert (foreground(level) == bool(value)).all()


def test_other_dtypes_and_conventions_are_taken():
    as_bool = isr.fit_unaries(_disc(), steps=4, width=4)
    as_double = isr.fit_unaries(_disc().astype(float), steps=4, width=4)
    assert torch.equal(as_bool.network.first.weight, as_double.network.first.weight)
    other = isr.fit_unaries(_disc(), steps=4, width=4, convention="linspace")
    assert not torch.equal(other.network.first.weight, as_bool.network.first.weight)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 1.1])
def test_unaries_out_of_range_are_a_users_mistake(bad):
    unaries = _occluded()
    unaries[3, 4] = bad
    with pytest.raises(UserError, match="unaries must"):
        isr.fit_unaries(unaries)


def test_shapes_that_do_not_fit_are_a_users_mistake():
    with pytest.raises(UserError, match=r"\(72, 80, 1\)"):
        isr.fit_unaries(_occluded()[..., None])
    with pytest.raises(UserError, match=r"\(0, 5\)"):
        isr.fit_unaries(np.zeros((0, 5)))
    with pytest.raises(UserError, match="scribbles have shape"):
        isr.fit_unaries(_occluded(), scribbles=np.ones((80, 72), np.uint8))
    with pytest.raises(UserError, match="lack object or background"):
        isr.fit_unaries(_occluded(), scribbles=np.ones(SIZE, np.uint8))
    with pytest.raises(UserError, match="unknown"):
        isr.fit_unaries(_occluded(), "konvex")


def _strokes(size: tuple[int, ...] = (6, 8), dtype: type = np.uint8) -> np.ndarray:
    scribbles = np.zeros(size, dtype)
    scribbles[..., 2:4] = 1
    scribbles[..., 6] = 255
    return scribbles


def _fits(**arguments) -> list[object]:
    """Both fits of a small picture, ready to be called."""
    brief = {"steps": 5, "points": 20, "width": 4, **arguments}
    return [
        lambda: isr.fit_unaries(np.eye(6, 8), **brief),
        lambda: isr.fit_scribbles(_strokes(), **brief),
    ]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        *(("margin", value) for value in (-1, 1.5, "2", True)),
        *(("points", value) for value in (1, 0, -5, 10.5)),
        *(("steps", value) for value in (0, 2.5, "3")),
        *(("learning_rate", value) for value in (0, -0.1, np.nan, np.inf, "fast")),
        *(
            (name, value)
            for name in ("weight_decay", "overlap_weight")
            for value in (-1e-9, np.nan, np.inf, None)
        ),
        ("seed", 1.5),
        ("convention", "foo"),
        ("device", "cudda"),
        ("device", 3.5),
        ("constraint", "konvex"),
        ("width", 0),
        ("hidden_layers", -1),
        ("dim", 3),
        ("third", "t"),
    ],
)
def test_arguments_out_of_range_are_a_users_mistake_in_both_fits(argument, value):
    for fit in _fits(**{argument: value}):
        with pytest.raises(UserError, match=argument):
            fit()


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        *(("object_weight", value) for value in (0, 1, 2.0, -0.1, np.nan, "half")),
        *(("regulariser_weight", value) for value in (-1, np.nan)),
        *(("tv_weight", value) for value in (-1, np.nan, None)),
        ("distance", "foo"),
        ("optimiser", "sgd"),
    ],
)
def test_arguments_of_a_fit_to_unaries_out_of_range_are_a_users_mistake(argument, value):
    with pytest.raises(UserError, match=argument):
        isr.fit_unaries(np.eye(6, 8), **{argument: value})


@pytest.mark.skipif(torch.cuda.is_available(), reason="has the device")
def test_a_device_that_is_not_there_is_a_users_mistake():
    for fit in _fits(device="cuda"):
        with pytest.raises(UserError, match="'cuda'"):
            fit()


def test_a_device_can_be_left_to_the_machine():
    for fit in _fits(device="auto"):
        assert all(parameter.device.type == "cpu" for parameter in fit().parameters())


@pytest.mark.parametrize(
    ("scribbles", "message"),
    [
        (np.zeros(5, np.uint8), r"\(5,\)"),
        (np.zeros((0, 5), np.uint8), r"\(0, 5\)"),
        (_strokes((2, 6, 8)), "third axis"),
        (_strokes(dtype=float), "uint8, not float64"),
        (_strokes(dtype=np.int64), "uint8, not int64"),
        (_strokes().tolist(), "NumPy array, not list"),
        (None, "NumPy array, not NoneType"),
    ],
)
def test_scribbles_of_another_kind_are_a_users_mistake(scribbles, message):
    with pytest.raises(UserError, match=message):
        isr.fit_scribbles(scribbles)
    if isinstance(scribbles, np.ndarray) and scribbles.size:
        with pytest.raises(UserError, match="scribbles"):
            isr.fit_unaries(np.eye(6, 8), scribbles=scribbles)


@pytest.mark.parametrize("unaries", [None, [[0.0, 1.0]], np.eye(3) * 1j, np.array([["a"]])])
def test_unaries_that_are_no_numbers_are_a_users_mistake(unaries):
    with pytest.raises(UserError, match="unaries must"):
        isr.fit_unaries(unaries, scribbles=None)


@pytest.mark.parametrize(
    ("third", "frames"),
    [
        (ThirdAxis("depth", np.zeros((6, 7))), ()),
        (ThirdAxis("depth", np.zeros(48)), ()),
        (ThirdAxis("depth", np.full((6, 8), np.nan)), ()),
        (ThirdAxis("t", np.array([0, 0.5, np.inf])), (3,)),
        (ThirdAxis("z", np.zeros(4)), (3,)),
        (ThirdAxis("z", np.zeros((3, 1))), (3,)),
        (ThirdAxis("z", np.array(0.0)), (3,)),
        (ThirdAxis("z", [0, 1, 2]), (3,)),
        (ThirdAxis("height", np.zeros(3)), (3,)),
    ],
)
def test_a_third_axis_that_does_not_fit_is_a_users_mistake(third, frames):
    with pytest.raises(UserError, match="third axis"):
        isr.fit_unaries(np.zeros((*frames, 6, 8)), third=third)
    with pytest.raises(UserError, match="third axis"):
        isr.fit_scribbles(_strokes((*frames, 6, 8)), third=third)


@pytest.mark.parametrize("depth", [np.eye(6, 8), np.ones((6, 8))])
def test_a_depth_takes_no_margin(depth):
    third = ThirdAxis("depth", depth)
    for fit in _fits(third=third, margin=2):
        with pytest.raises(UserError, match="margin: a depth"):
            fit()
    for fit in _fits(third=third):
        assert fit().dim == 3


@pytest.mark.parametrize("orders", [[], [1], [2, "three"]])
def test_orders_to_choose_from_are_checked_too(orders):
    with pytest.raises(UserError, match="order"):
        isr.fit_unaries(np.eye(6), "rotationally_symmetric", order=orders)


def test_numbers_of_numpy_are_taken():
    numbers = {"points": 20, "margin": 2, "steps": 5, "seed": 1, "learning_rate": 0.01}
    of_numpy = {key: np.asarray(value)[()] for key, value in numbers.items()}
    for plain, fit in zip(_fits(**numbers), _fits(**of_numpy), strict=True):
        assert torch.equal(plain().network.first.weight, fit().network.first.weight)


def test_a_fit_that_diverges_is_told():
    wild = (Phase(1.0, 1e30, {COUPLING: 1.0}),)
    with pytest.raises(UserError, match="did not stay finite"):
        isr.fit_unaries(_occluded(), steps=20, schedule=wild)


def test_a_poor_fit_is_warned_of_and_told_in_the_result():
    """Dots far apart: all that is convex has less than half in common with them."""
    dots = np.zeros((20, 30), np.float32)
    dots[2:18:5, 2:28:8] = 1
    with pytest.warns(PoorFit, match=r"^the fit is far off: its IoU is 0\.\d\d with the unaries$"):
        shape = isr.fit_unaries(dots, "convex", steps=40, points=100, width=8)
    assert shape.outcome["status"] == "failed"
    assert shape.outcome["iou"] < 0.5


def test_a_good_fit_tells_its_agreement_and_warns_of_nothing(recwarn):
    shape = isr.fit_unaries(_disc().astype(np.float32), steps=60, points=200, width=16)
    assert shape.outcome["status"] == "fitted"
    assert shape.outcome["iou"] > 0.9
    assert not recwarn.list
    assert dict(isr.build("convex").outcome) == {}


def test_a_thin_bar_is_found_at_the_second_start():
    """A path-connected region of few steps loses it from its first start with this seed."""
    bar = np.zeros((30, 40), bool)
    bar[13:17, 5:35] = True
    brief = {"steps": 60, "points": 100, "blocks": 2, "base_options": {"width": 16}}
    shape = isr.fit_unaries(bar.astype(np.float32), "path_connected", seed=0, **brief)
    assert shape.outcome["status"] == "retried"
    assert _iou(isr.masks(shape, bar.shape), bar) > 0.7


def test_a_ball_of_few_voxels_is_found():
    z, rows, columns = np.mgrid[:12, :50, :50]
    ball = (z - 6) ** 2 + (rows - 30) ** 2 + (columns - 16) ** 2 < 5.7
    assert ball.sum() == 57
    third = isr.slice_coordinates(*ball.shape)
    brief = {"steps": 60, "points": 100, "width": 16, "third": third}
    shape = isr.fit_unaries(ball.astype(np.float32), "star_shaped", **brief)
    assert _iou(isr.masks(shape, ball.shape, third), ball) > 0.5


def test_a_long_fit_says_how_long_it_will_take(caplog, monkeypatch):
    monkeypatch.setattr("isr.fitting.unaries._LONG", 0.0)
    cells = np.zeros((12, 16), np.uint8)
    cells[:, ::4] = 255
    cells[6, 2::4] = np.arange(1, 5)
    isr.fit_scribbles(cells, "convex", steps=52, points=20, width=4)
    assert "the fit of 4 parts will take about 0 minutes more" in caplog.text


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_small_object_is_not_lost(seed):
    """One hundredth of the picture: all background is nearly right, and an easy way to end."""
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]] + 0.5
    small = (rows - 20) ** 2 + (columns - 60) ** 2 < 4.5**2
    shape = isr.fit_unaries(small.astype(np.float32), "convex", steps=400, points=300, seed=seed)
    assert _iou(_mask(shape), small) >= 0.8


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("marked", [False, True])
def test_a_union_of_two_convex_regions_parts_two_objects(seed, marked):
    """Scribbles in both objects and between them must not leave one of its members empty."""
    rows, columns = np.mgrid[:48, :96] + 0.5
    first, second = (np.hypot(rows - 24, columns - middle) < 15 for middle in (26, 70))
    unaries = np.where(first | second, 0.9, 0.1).astype(np.float32)
    scribbles = np.zeros(unaries.shape, np.uint8)
    scribbles[23:25, 18:34], scribbles[23:25, 62:78], scribbles[4:44, 47:49] = 1, 1, 255
    told = {"scribbles": scribbles} if marked else {}
    fitted = isr.fit_unaries(
        unaries, "union", member="convex", count=2, steps=300, seed=seed, **told
    )
    with torch.no_grad():
        points = torch.from_numpy(isr.pixel_coordinates(*unaries.shape)).float()
        found = (fitted.parts(points) <= 0).numpy()
    for part in (first, second):
        ious = [(one & part).sum() / (one | part).sum() for one in np.moveaxis(found, -1, 0)]
        assert max(ious) > 0.8
