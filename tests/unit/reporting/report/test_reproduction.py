import importlib.util
import re

import pytest
from configurations import ROOT, shipped

from isr.errors import UserError
from isr.reporting.report import reproduction

ITEMS = [item for paper in reproduction.papers() for item in paper.items]
NAMES = [f"{item.paper} {item.name}" for item in ITEMS]


STUDIES = shipped("paper.yaml")["studies"]


def test_every_table_figure_and_equation_has_a_row():
    for paper in reproduction.papers():
        counts = {"Table": paper.tables, "Figure": paper.figures, "Equation": paper.equations}
        for kind, count in counts.items():
            rows = [item.name for item in paper.items if item.name.startswith(kind)]
            assert sorted(rows) == sorted(f"{kind} {n + 1}" for n in range(count))
    main = reproduction.papers()[0]
    assert (main.tables, main.figures, main.equations) == (5, 19, 17)


@pytest.mark.parametrize("item", ITEMS, ids=NAMES)
def test_a_row_is_consistent(item):
    assert item.status in reproduction.HEADINGS
    assert (item.status == "departure") == bool(item.all_departures)
    if item.same_as:
        return
    # What is said to be there names what does it; a table or figure, also what shows it.
    assert bool(item.code) == (item.status != "not yet")
    displayed = item.name.split()[0] in ("Table", "Figure")
    assert bool(item.shown) == (displayed and item.status != "not yet")
    for module in item.code:
        assert importlib.util.find_spec(module) is not None, module
    for study, name in (each.split("/") for each in item.shown):
        entry = STUDIES[study]
        assert name in {**(entry.get("tables") or {}), **(entry.get("figures") or {})}


def test_every_departure_is_one_of_an_item_and_the_other_way_round():
    found = {key for item in ITEMS for key in item.all_departures}
    assert found == set(reproduction.departures())


def test_departures_come_with_what_an_item_builds_on():
    table = next(item for item in ITEMS if (item.paper, item.name) == ("icml2024", "Table 4"))
    assert {"flow_start", "output_layer", "batch_statistics"} <= table.all_departures
    assert "flow_start" not in table.departures


def test_an_item_that_repeats_another_has_its_status():
    repeated = next(
        item for item in ITEMS if (item.paper, item.name) == ("poster_icml", "Figure 3")
    )
    assert repeated.differs == "as Figure 5 of the ICML paper"
    assert repeated.status == "departure"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["Table 2"], "Table 2"),
        (["Figure 1", "Figure 2", "Figure 4"], "Figures 1, 2, 4"),
        (
            ["Equation 8", "Equation 9", "Equation 10", "Section 2.5"],
            "Equations 8 to 10; Section 2.5",
        ),
    ],
)
def test_listing(names, words):
    assert reproduction.listing(names) == words


def test_readme_and_page_are_those_of_the_file():
    hint = "run: PYTHONPATH=lib python -m isr.reporting.report.reproduction"
    assert (ROOT / "README.md").read_text() == reproduction.readme(), hint
    assert (ROOT / "docs/reproduction.md").read_text() == reproduction.page(), hint


def test_links_of_the_page_lead_somewhere():
    page = reproduction.page()
    targets = set(re.findall(r'<a id="(\w+)">', page))
    assert set(re.findall(r"\(#(\w+)\)", page)) <= targets


def test_files_are_made_anew(tmp_path):
    readme = (ROOT / "README.md").read_text()
    old = readme.replace("| Equations 2, 7 |", "| - |")
    assert old != readme
    (tmp_path / "README.md").write_text(old)
    reproduction.main(tmp_path)
    assert (tmp_path / "README.md").read_text() == readme
    assert (tmp_path / "docs/reproduction.md").read_text() == reproduction.page()
    (tmp_path / "README.md").write_text("# Other\n")
    with pytest.raises(UserError, match=r"README\.md: the lines .* put them back"):
        reproduction.main(tmp_path)
