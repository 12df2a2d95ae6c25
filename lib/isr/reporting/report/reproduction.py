"""What of the papers this software does, and where text and code differ, from `reproduction.toml`.

The report shows it, and the same content stands in docs/reproduction.md and, grouped, in README.md.
After an edit of the file, in the repository:

    PYTHONPATH=lib python -m isr.reporting.report.reproduction
"""

import itertools
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from isr.io import replace_between, write_text

ROOT = Path(__file__).parents[4]
_MODULE = "isr.reporting.report.reproduction"
_PAGE = "docs/reproduction.md"
_BEGIN = f"<!-- reproduction: made by python -m {_MODULE} -->"
_END = "<!-- end of reproduction -->"

Status = Literal["reproduced", "departure", "not yet"]
HEADINGS: dict[Status, str] = {
    "reproduced": "Reproduced",
    "departure": "Reproduced with departures",
    "not yet": "Not yet",
}
MEANING = (
    "“Reproduced” is about what the software does, not about which numbers come out: those stand "
    "in the tables of the report, beside the published ones. Tables and figures that are marked so "
    "are made by `config/paper.yaml`, from data that have to be downloaded; the demo makes their "
    "like from pictures of its own."
)
"""What the statuses mean, in the words of README, page and report."""


@dataclass(frozen=True)
class Item:
    """One table, figure, equation or section of a paper, as it stands in the file.

    Attributes:
        paper: key of the paper.
        name: such as "Table 1".
        what: what it is.
        status: what becomes of it here.
        departures: keys of the departures in which it differs from the text.
        builds_on: names of items of the same paper that it has the departures of too.
        shown: STUDY/NAME of the tables and figures of config/paper.yaml that show it.
        code: modules that do it.
        note: what else there is to say.
        same_as: "PAPER: ITEM" that it repeats, with status and departures.
    """

    paper: str
    name: str
    what: str
    status: Status
    departures: Sequence[str] = ()
    builds_on: Sequence[str] = ()
    shown: Sequence[str] = ()
    code: Sequence[str] = ()
    note: str = ""
    same_as: str = ""

    @property
    def all_departures(self) -> set[str]:
        """Keys of the departures in which it or what it builds on differs from the text."""
        before = [_items()[self.paper, name] for name in self.builds_on]
        if self.same_as:
            before.append(_items()[_place(self.same_as)])
        return set(self.departures).union(*(item.all_departures for item in before))

    @property
    def displays(self) -> list[str]:
        """What shows it, in words."""
        return [f"{name} of study {study}" for study, name in (x.split("/") for x in self.shown)]

    @property
    def differs(self) -> str:
        """Whose departures it has beside its own, in words."""
        if self.same_as:
            first = _items()[_place(self.same_as)]
            return f"as {first.name} of the {_content()['papers'][first.paper]['short']}"
        return f"those of {listing(self.builds_on)}" if self.builds_on else ""


@dataclass(frozen=True)
class Paper:
    """One paper with everything in it that has a number.

    Attributes:
        title: its title.
        short: what it is called where its items are referred to.
        tables: how many it has.
        figures: how many it has.
        equations: how many with a number it has.
        items: all of them, and some sections.
    """

    title: str
    short: str
    tables: int
    figures: int
    equations: int
    items: list[Item]

    def having(self, status: Status) -> list[Item]:
        """The items of a status."""
        return [item for item in self.items if item.status == status]


@cache
def papers() -> list[Paper]:
    """All papers with their items."""
    every = _items().values()
    return [
        Paper(**about, items=[item for item in every if item.paper == key])
        for key, about in _content()["papers"].items()
    ]


def departures() -> dict[str, dict[str, str]]:
    """The points in which `protocol: paper` does not do what the text says, by key.

    Of each `text`, what the paper says, and `ours`, what is done instead, and why.
    """
    return _content()["departures"]  # type: ignore[no-any-return]


def deviations() -> list[dict[str, str]]:
    """Where the published code does not do what the text says.

    Of each `text`, what the paper says, `code`, what the published code does, and where
    `protocol: published-code` does not do that, the `reason`.
    """
    return _content()["deviations"]  # type: ignore[no-any-return]


@cache
def _items() -> dict[tuple[str, str], Item]:
    """All items by paper and name."""
    found: dict[tuple[str, str], Item] = {}
    for entry in _content()["items"]:
        if "same_as" in entry:
            entry = entry | {"status": found[_place(entry["same_as"])].status}
        found[entry["paper"], entry["name"]] = Item(**entry)
    return found


def _place(same_as: str) -> tuple[str, str]:
    paper, name = same_as.split(": ")
    return paper, name


@cache
def _content() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def listing(names: Iterable[str]) -> str:
    """Names of items with runs of numbers joined.

    >>> listing(["Table 1", "Table 3", "Figure 1", "Figure 2", "Figure 3", "Section 2.5"])
    'Tables 1, 3; Figures 1 to 3; Section 2.5'
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        kind, number = name.split()
        groups.setdefault(kind, []).append(number)
    return "; ".join(
        f"{kind}{'s' if len(numbers) > 1 else ''} {', '.join(_runs(numbers))}"
        for kind, numbers in groups.items()
    )


def _runs(numbers: Sequence[str]) -> Iterator[str]:
    """Three or more whole numbers that follow each other become one entry."""
    whole = [int(number) for number in numbers if number.isdigit()]
    for _, run_ in itertools.groupby(enumerate(whole), lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run_]
        if len(members) > 2:
            yield f"{members[0]} to {members[-1]}"
        else:
            yield from map(str, members)
    yield from (number for number in numbers if not number.isdigit())


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def summary() -> str:
    """The Markdown table of README.md: a row for each paper, its items by status."""
    rows = []
    for paper in papers():
        cells = [listing(item.name for item in paper.having(status)) for status in HEADINGS]
        name = paper.short[0].upper() + paper.short[1:]
        rows.append([name, *(cell or "-" for cell in cells)])
    return _table(["", *HEADINGS.values()], rows)


def page() -> str:
    """The Markdown page with a row for every item and every departure."""
    blocks = [
        "# What is reproduced",
        f"Made by `python -m {_MODULE}` from `lib/{_MODULE.replace('.', '/')}.toml`.",
        MEANING,
        "`protocol: published-code` follows the authors' program where it differs from the text; "
        "the report lists these points.",
    ]
    for paper in papers():
        headings = ["", "What", "Status", "Departures", "Where"]
        blocks += [f"## {paper.title}", _table(headings, map(_cells, paper.items))]
    rows = [
        [f'<a id="{key}"></a>`{key}`', each["text"], each["ours"]]
        for key, each in departures().items()
    ]
    blocks += ["## Departures from the text", _table(["", "The paper says", "Here"], rows)]
    return "\n\n".join(blocks) + "\n"


def _cells(item: Item) -> list[str]:
    departs = [f"[`{key}`](#{key})" for key in item.departures]
    return [
        item.name,
        " ".join(filter(None, [f"{item.what}.", item.note])),
        HEADINGS[item.status].lower(),
        ", ".join([*departs, *filter(None, [item.differs])]),
        ", ".join([*item.displays, *(f"`{name}`" for name in item.code)]),
    ]


def readme(root: Path = ROOT) -> str:
    """README.md with its table made anew.

    Raises:
        UserError: the lines between which it stands are missing.
    """
    full = f"Every item and every departure: [{_PAGE}]({_PAGE})."
    return replace_between(root / "README.md", _BEGIN, _END, f"{summary()}\n\n{MEANING} {full}")


def main(root: Path = ROOT) -> None:
    """Write README.md and docs/reproduction.md of the repository."""
    write_text(root / "README.md", readme(root))
    write_text(root / _PAGE, page())


if __name__ == "__main__":
    main()
