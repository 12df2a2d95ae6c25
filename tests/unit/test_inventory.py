"""What a job made is listed, and what is missing of it is found."""

import pytest

from isr.inventory import find_damaged, write_inventory


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A folder with what a job made, and the inventory of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "masks/cup").mkdir(parents=True)
    for name in ("masks/a.png", "masks/cup/1.png", "masks/.snakemake_timestamp", "table.csv"):
        (tmp_path / name).write_text("some text\n")
    write_inventory(*map(tmp_path.__class__, ("made.json", "masks", "table.csv")))
    return tmp_path


def test_all_is_as_it_was(made):
    assert find_damaged(made / "made.json") == ""
    (made / "masks/.snakemake_timestamp").unlink()
    (made / "masks/Thumbs.db").touch()
    assert find_damaged(made / "made.json") == ""


@pytest.mark.parametrize("name", ["masks/a.png", "masks/cup/1.png", "table.csv"])
def test_what_is_gone_or_cut_off_is_found(made, name):
    (made / name).write_text("some\n")
    assert find_damaged(made / "made.json") == name
    (made / name).unlink()
    assert find_damaged(made / "made.json") == name


def test_a_folder_that_is_gone_is_found(made):
    (made / "masks").rename(made / "elsewhere")
    assert find_damaged(made / "made.json").startswith("masks/")


@pytest.mark.parametrize("text", ['{"masks/a.png": 10', "", "[]", "3"])
def test_an_inventory_that_cannot_be_read_is_damaged_itself(made, text):
    (made / "made.json").write_text(text)
    assert find_damaged(made / "made.json") == str(made / "made.json")


def test_without_an_inventory_nothing_is_known(made):
    assert find_damaged(made / "none.json") == ""
    write_inventory()
