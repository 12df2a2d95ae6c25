"""What is a name, and which files are nobody's."""

import unicodedata
from datetime import date
from pathlib import PurePath

import pytest

from isr.data.names import canonical, check_name, is_clutter, read_as_text
from isr.errors import UserError


@pytest.mark.parametrize(
    "name",
    [
        *("a.png:Zone.Identifier", "Icon\r", "Thumbs.db", "desktop.ini", ".DS_Store", "._a.png"),
        *("__MACOSX", "__MACOSX/a/b.png", "@eaDir/a.png/SYNOPHOTO_THUMB_M.jpg", "a/@eaDir/b.png"),
        *("a.png~", ".hidden"),
    ],
)
def test_clutter(name):
    assert is_clutter(PurePath(name))


@pytest.mark.parametrize("name", ["a.png", "icon.png", "macosx/a.png", "eaDir.png", "thumbs/a.png"])
def test_no_clutter(name):
    assert not is_clutter(PurePath(name))


def test_names_are_composed():
    parts = unicodedata.normalize("NFD", "Müller")
    assert len(parts) == 7
    assert canonical(parts) == "Müller"


@pytest.mark.parametrize(
    "name", ["a{b}", "a<b>", "US$ 5 (a_$)", "O'Brien", 'say "x"', "a;touch X", "NA", "日本", "50%"]
)
def test_odd_names_are_names(name):
    check_name(name, "file")


@pytest.mark.parametrize("name", ["", " ", ".a", "a/b", "a\\b", "a\nb", "a\tb", "a\r", "a\x7f"])
def test_what_cannot_be_a_name(name):
    with pytest.raises(UserError, match="cannot name an item"):
        check_name(name, "file")


def test_names_that_are_too_long():
    check_name("x" * 200, "file")
    with pytest.raises(UserError, match="longer than 200 bytes"):
        check_name("ü" * 101, "file")


@pytest.mark.parametrize(
    ("value", "name"),
    [(7, "007"), (8, "010"), (16, "0x10"), (750, "12:30"), (3.1, "3.10"), (False, "no")],
)
def test_what_yaml_reads_otherwise_is_the_name_that_it_reads_so(value, name):
    assert read_as_text(value, [name, "other"]) == name
    assert read_as_text(date(2020, 1, 1), ["2020-01-01"]) == "2020-01-01"
    assert read_as_text(name, [name]) == name


def test_several_names_that_yaml_reads_alike_and_none():
    with pytest.raises(UserError, match="7 may be any of 7, 007: write the name in quotes"):
        read_as_text(7, ["7", "007"])
    with pytest.raises(UserError, match="write it in quotes"):
        read_as_text(None, ["a"])
    assert read_as_text(12, ["a"]) == "12"
