"""The records of constraints, and what is said of options that cannot be taken."""

import inspect
import math

import pytest

from isr import constraints
from isr.constraints import CONSTRAINTS, load, members, record, record_of, words
from isr.errors import UserError
from isr.representations import Representation
from isr.representations.convex import Convex

NETWORKS = sorted(set(constraints.NAMES) - {"periodic", "lattice_periodic", "union"})


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("star_shaped", "centre", "ab"),
        ("star_shaped", "centre", 3),
        ("radially_connected", "origin", "x"),
        ("mirror_symmetric", "centre", "ab"),
        ("mirror_symmetric", "angle", "steep"),
        ("rotationally_symmetric", "tilt", [1, 2]),
        ("lattice_periodic", "basis", [[1, 0], [1]]),
        ("lattice_periodic", "basis", [["a", 0], [0, 1]]),
        ("lattice_periodic", "origin", "x"),
        ("lattice_periodic", "harmonics", "many"),
        ("periodic", "waves", 0),
        ("periodic", "waves", 2.0),
        ("path_connected", "hidden_units", 0),
        ("path_connected", "blocks", 12.0),
        ("path_connected", "base", ["convex"]),
        ("path_connected", "base_options", 3),
        ("union", "count", "two"),
        ("union", "members", 3),
        ("union", "members", [3]),
        ("union", "members", [{"name": ["convex"]}]),
        ("union", "options", 3),
        ("convex", "dim", 3),
    ],
)
def test_options_that_cannot_be_taken_are_told_in_one_sentence(name, option, value):
    with pytest.raises(UserError) as error:
        _build(name, option, value)
    message = str(error.value)
    assert "\n" not in message
    assert message.endswith(".")


def _build(name, option, value):
    if option == "dim":
        return constraints.build("union", 2, member=name, options={option: value})
    return constraints.build(name, 2, **{option: value})


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("width", 0),
        ("width", -3),
        ("width", 2.5),
        ("width", True),
        ("hidden_layers", -1),
        ("hidden_layers", None),
    ],
)
def test_layers_need_units(name, option, value):
    options = {option: value}
    if name == "path_connected":
        options = {"base_options": options}
    with pytest.raises(UserError, match=f"option '{option}' is {value!r}; choose an integer from"):
        constraints.build(name, 2, **options)


def test_messages_name_the_constraint_and_its_options():
    with pytest.raises(UserError, match=r"'star_shaped': option 'centre' is 'ab'; .* finite"):
        constraints.build("star_shaped", 2, centre="ab", width=4)
    with pytest.raises(UserError, match=r"'convex' with options depth=3 cannot be made: .*depth"):
        constraints.build("convex", 2, depth=3)


@pytest.mark.parametrize("name", constraints.NAMES)
def test_records_name_the_options_of_their_representations(name):
    own = constraints.record(name)
    known = inspect.signature(constraints.load(own.module)).parameters
    assert set(own.options) == set(known) - {"dim"}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("convex", {"widht": 3}, "'widht' is unknown; choose one of width"),
        ("convex", {"width": 10**9}, "choose an integer from 1"),
        ("star_shaped", {"centre": [0.5, math.nan]}, "'centre' is .*finite"),
        ("star_shaped", {"centre": [0.5, math.inf]}, "'centre' is .*finite"),
        ("star_shaped", {"centre": [0.5]}, "1 entries; give 2"),
        ("rotationally_symmetric", {"order": [4, 1]}, "'order' is .* integer from 2"),
        ("rotationally_symmetric", {"mirrors": "yes"}, "choose true or false"),
        ("periodic", {"frequency": "fast"}, "'frequency' is 'fast'; it must be of finite numbers"),
        ("path_connected", {"base_options": {"width": 0}}, "'width' is 0"),
        ("path_connected", {"base": "round"}, "'round' is unknown"),
        ("union", {"members": [{"name": "convex", "options": {"width": "4"}}]}, "'width' is '4'"),
        ("union", {"count": 2, "options": {"deep": 1}}, "'deep' is unknown"),
    ],
)
def test_options_are_refused_without_making_anything(name, options, message):
    with pytest.raises(UserError, match=message):
        constraints.check_options(name, options, 2)


def test_an_unknown_option_is_told_even_if_it_is_one_of_others():
    with pytest.raises(UserError, match="unexpected keyword argument 'width'"):
        constraints.build("periodic", 2, width=0)


def test_mistakes_told_by_a_representation_are_passed_on():
    with pytest.raises(UserError, match=r"^centre has 3 coordinates: give 2,"):
        constraints.build("union", 2, member="star_shaped", options={"centre": [0, 1, 2]})


@pytest.mark.parametrize("name", [["convex"], None, 3])
def test_a_name_of_another_kind_is_a_users_mistake(name):
    with pytest.raises(UserError, match="unknown: choose one of"):
        constraints.build(name)


def test_names_are_unique():
    assert len(set(constraints.NAMES)) == len(CONSTRAINTS)
    assert [record(name) for name in constraints.NAMES] == list(CONSTRAINTS)
    assert len({each.module for each in CONSTRAINTS}) == len(CONSTRAINTS)


@pytest.mark.parametrize("each", CONSTRAINTS, ids=lambda each: each.name)
def test_all_that_a_record_names_is_there(each):
    assert issubclass(load(each.module), Representation)
    # A certificate is of (representation, scene, level, seed=), an outline of (..., canvas, level).
    assert list(inspect.signature(load(each.certificate)).parameters)[-1] == "seed"
    assert not each.outline or callable(load(each.outline))
    assert each.words
    assert 0 < each.rate <= 1


@pytest.mark.parametrize("each", CONSTRAINTS, ids=lambda each: each.name)
@pytest.mark.parametrize("dim", [2, 3])
def test_a_representation_finds_its_record(each, dim):
    assert record_of(constraints.build(each.name, dim)) is each


def test_a_subclass_has_the_record_of_the_class_above_it():
    class Own(Convex):
        """A variant."""

    assert record_of(Own(2)).name == "convex"

    class Other(Representation):
        """Of no constraint."""

        def forward(self, x):
            return x[..., 0]

    with pytest.raises(TypeError, match="no constraint has the representation Other"):
        record_of(Other())


def test_words_of_what_is_unknown_are_its_name():
    assert words("star_shaped") == "star-shaped"
    assert words("no_such_thing") == "no-such-thing"


def _members(options):
    return [(place, each.name) for place, each in members("union", options)]


def test_a_union_consists_of_its_members():
    assert [(place, each.name) for place, each in members("convex", {"width": 3})] == [
        ("", "convex")
    ]
    assert _members({}) == [(".members.0", "convex"), (".members.1", "convex")]
    assert _members({"member": "star_shaped", "count": 1}) == [(".members.0", "star_shaped")]
    inner = {"name": "union", "options": {"member": "periodic"}}
    assert _members({"members": [{"name": "convex"}, inner]}) == [
        (".members.0", "convex"),
        (".members.1.members.0", "periodic"),
        (".members.1.members.1", "periodic"),
    ]


def test_places_of_members_are_those_of_the_modules():
    options = {"members": [{"name": "convex"}, {"name": "union", "options": {"count": 2}}]}
    union = constraints.build("union", 2, **options)
    for place, each in members("union", options):
        assert record_of(union.get_submodule(place.removeprefix("."))) is each
