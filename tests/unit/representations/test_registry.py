import pytest

from isr import representations
from isr.errors import UserError

NETWORKS = sorted(set(representations.NAMES) - {"periodic", "lattice_periodic", "union"})


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
        return representations.build("union", 2, member=name, options={option: value})
    return representations.build(name, 2, **{option: value})


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
        representations.build(name, 2, **options)


def test_messages_name_the_constraint_and_its_options():
    with pytest.raises(UserError, match=r"'star_shaped' with options centre='ab', width=4.*'a'"):
        representations.build("star_shaped", 2, centre="ab", width=4)


def test_an_unknown_option_is_told_even_if_it_is_one_of_others():
    with pytest.raises(UserError, match="unexpected keyword argument 'width'"):
        representations.build("periodic", 2, width=0)


def test_mistakes_told_by_a_representation_are_passed_on():
    with pytest.raises(UserError, match=r"^centre has 3 coordinates: give 2,"):
        representations.build("union", 2, member="star_shaped", options={"centre": [0, 1, 2]})


@pytest.mark.parametrize("name", [["convex"], None, 3])
def test_a_name_of_another_kind_is_a_users_mistake(name):
    with pytest.raises(UserError, match="unknown: choose one of"):
        representations.build(name)
