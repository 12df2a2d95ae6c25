"""What all models of the configuration share: mistakes are told in one sentence."""

from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field, field_validator

from isr.errors import UserError
from isr.models import (
    FileName,
    Model,
    Name,
    RemoteFile,
    Text,
    kind_of,
    must_know,
    one_of,
    parse,
    path,
    suggest,
)

Grey = Annotated[int, Field(ge=0, le=255)]


class Box(Model):
    """One kind of shape."""

    kind: Literal["box"]
    width: Annotated[float, Field(gt=0)] = Field(1.0, description="in pixels")


class Disc(Model):
    """Another."""

    moved: ClassVar[dict[str, str]] = {"diameter": "it is the radius now, half of it"}

    kind: Literal["disc"]
    radius: float = Field(description="in pixels")
    colour: Literal["red", "green"] = "red"


class Scene(Model):
    """What holds them."""

    shapes: dict[Name, one_of((Box, Disc))] = Field({})  # type: ignore[valid-type]
    none: Grey | Annotated[list[Grey], Field(min_length=1)] = 0
    count: int = 1
    share: Annotated[float, Field(ge=0, lt=1)] = 0.5
    seen: bool = False
    text: Text | None = None
    files: list[RemoteFile] = Field([])
    notes: dict[str, str] = Field({})

    @field_validator("count")
    @classmethod
    def _check(cls, count: int) -> int:
        if count == 13:
            raise UserError("13 brings bad luck: choose another number.")
        return count


DISC = {"kind": "disc", "radius": 2.0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        # Keys.
        (
            {"cuont": 2},
            "cuont is unknown; choose one of shapes, none, count, share, seen, text, "
            "files, notes (did you mean count?).",
        ),
        (
            {"shapes": {"a": DISC | {"edge": 1}}},
            "shapes.a.edge is unknown; choose one of kind, radius, colour.",
        ),
        (
            {"shapes": {"a": DISC | {"diameter": 4}}},
            "shapes.a.diameter is unknown; it is the radius now, half of it.",
        ),
        (
            {"shapes": {"a": {"kind": "disc"}}},
            "shapes.a lacks the key 'radius'; add it: in pixels.",
        ),
        (
            {"files": [{"file": "a"}, {"url": "http://a"}]},
            "files[1] lacks the key 'file'; add it: its name below `resources/downloads/`.",
        ),
        (
            {"shapes": {"2": DISC}},
            "shapes has the name '2'; names are letters, digits and "
            "hyphens, beginning with a letter.",
        ),
        # Kinds of a union.
        (
            {"shapes": {"a": {"kind": "dics"}}},
            "shapes.a.kind is 'dics'; choose one of box, disc (did you mean disc?).",
        ),
        ({"shapes": {"a": {"radius": 1.0}}}, "shapes.a lacks the key 'kind'; add it."),
        ({"shapes": {"a": 3}}, "shapes.a is 3; it must be a mapping of keys to values."),
        # Types.
        ({"count": "2"}, "count is '2'; it must be a whole number."),
        ({"count": True}, "count is True; it must be a whole number."),
        ({"count": 2.5}, "count is 2.5; it must be a whole number."),
        ({"share": "a"}, "share is 'a'; it must be a number."),
        ({"share": float("nan")}, "share is nan; input should be a finite number."),
        ({"seen": "yes"}, "seen is 'yes'; it must be true or false."),
        ({"text": 3}, "text is 3; it must be text: write it in quotes."),
        ({"files": "a"}, "files is 'a'; it must be a list."),
        ({"files": ["a"]}, "files[0] is 'a'; it must be a mapping of keys to values."),
        ({"notes": 3}, "notes is 3; it must be a mapping of keys to values."),
        (3, "the top is 3; it must be a mapping of keys to values."),
        # Bounds, patterns, choices.
        ({"share": -1}, "share is -1; it must be at least 0."),
        ({"share": 1.0}, "share is 1.0; it must be less than 1."),
        (
            {"shapes": {"a": {"kind": "box", "width": 0.0}}},
            "shapes.a.width is 0.0; it must be more than 0.",
        ),
        ({"files": [{"file": "../a"}]}, "files[0].file is '../a'; it must be the name of a file."),
        (
            {"files": [{"file": "a", "url": "ftp://a"}]},
            "files[0].url is 'ftp://a'; it must be an "
            "address that begins with http://, https:// or file://.",
        ),
        (
            {"files": [{"file": "a", "sha256": "ab"}]},
            "files[0].sha256 is 'ab'; it must be a SHA-256 of 64 hexadecimal digits.",
        ),
        (
            {"shapes": {"a": DISC | {"colour": "geren"}}},
            "shapes.a.colour is 'geren'; choose one of red, green (did you mean green?).",
        ),
        ({"text": ""}, "text is empty; write something or leave it out."),
        # Values of several types, under a key that is called like one.
        ({"none": 256}, "none is 256; it must be at most 255."),
        ({"none": []}, "none is empty; name at least one."),
        ({"none": [0, 256]}, "none[1] is 256; it must be at most 255."),
        ({"none": "0"}, "none is '0'; it must be a whole number."),
        # What a validator of one's own says.
        ({"count": 13}, "count: 13 brings bad luck: choose another number."),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_key(content, message):
    with pytest.raises(UserError) as caught:
        parse(Scene, content, "here")
    assert str(caught.value) == f"here: {message}"


def test_a_study_may_be_called_like_a_type_of_pydantics():
    with pytest.raises(UserError, match=r"^config: shapes\.list-2\.radius is 'a'"):
        parse(Scene, {"shapes": {"list-2": DISC | {"radius": "a"}}})


def test_what_is_right_is_filled_up_and_frozen():
    scene = parse(Scene, {"shapes": {"a": DISC, "b": {"kind": "box"}}, "none": [1, 2]})
    assert scene.shapes["a"] == Disc(**DISC)
    assert (scene.shapes["b"].width, scene.none, scene.count) == (1.0, [1, 2], 1)
    with pytest.raises(ValueError, match="frozen"):
        scene.count = 2
    # What is a model already is taken as it is.
    assert parse(one_of((Box, Disc)), scene.shapes["a"]) is scene.shapes["a"]
    assert [kind_of(kind) for kind in (Box, Disc)] == ["box", "disc"]


@pytest.mark.parametrize("name", ["a.zip", "folder/a-1_2.tar.gz", "0"])
def test_names_of_files_may_have_folders(name):
    assert parse(FileName, name) == name


@pytest.mark.parametrize("name", ["", "/a", "a/", ".a", "a/../b", "a b", "a\\b", "a//b"])
def test_names_of_files_stay_in_their_folder(name):
    with pytest.raises(UserError, match="it must be the name of a file"):
        parse(FileName, name)


def test_places_are_written_as_in_the_configuration():
    assert path([]) == ""
    assert path(["a", 1, 2, "b"]) == "a[1][2].b"


def test_suggestions():
    assert suggest("x", []) == "remove it"
    assert suggest(3, ["a", 4]) == "choose one of a, 4"
    must_know("a.b", "x", ["x"])
    with pytest.raises(UserError, match=r"^config: a\.b is 'y'; choose one of x\.$"):
        must_know("a.b", "y", ["x"])
