"""What of the papers this software does, from one file, `reproduction.toml`.

The report shows it, and the same content stands in docs/reproduction.md and, grouped, in README.md.
After an edit of the file, in the repository:

    PYTHONPATH=lib python -m isr.reporting.report.reproduction
"""

import argparse
import itertools
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from isr.cli import run
from isr.errors import UserError
from isr.io import write_text

_MODULE = "isr.reporting.report.reproduction"
_FILE = "reproduction.toml"
_PAGE = Path("docs/reproduction.md")
_README = Path("README.md")
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
class Departure:
    """One point in which `protocol: paper` does not do what the text says.

    Attributes:
        key: its name.
        text: what the paper says.
        ours: what is done instead, and why.
    """

    key: str
    text: str
    ours: str


@dataclass(frozen=True)
class Item:
    """One table, figure, equation or section of a paper.

    Attributes:
        paper: key of the paper.
        name: such as "Table 1".
        what: what it is.
        status: what becomes of it here.
        departures: keys of all departures in which it differs from the text.
        own: those of them that do not come with `builds_on`.
        builds_on: names of items of the same paper that it has the departures of.
        shown: STUDY/NAME of the tables and figures of config/paper.yaml that show it.
        code: modules that do it.
        note: what else there is to say.
        same_as: the paper and the name of the item that it repeats.
    """

    paper: str
    name: str
    what: str
    status: Status
    departures: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    builds_on: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    note: str = ""
    same_as: tuple[str, str] | None = None

    @property
    def displays(self) -> list[str]:
        """What shows it, in words."""
        return [f"{name} of study {study}" for study, name in (x.split("/") for x in self.shown)]

    @property
    def differs(self) -> str:
        """Whose departures it has beside its own, in words."""
        if self.same_as:
            key, name = self.same_as
            return f"as {name} of the {next(p.short for p in papers() if p.key == key)}"
        return f"those of {listing(self.builds_on)}" if self.builds_on else ""


@dataclass(frozen=True)
class Paper:
    """One paper with everything in it that has a number.

    Attributes:
        key: its name in the file.
        title: its title.
        short: what it is called where its items are referred to.
        counts: how many tables, figures and equations it has, by kind in the singular.
        items: all of them, and some sections.
    """

    key: str
    title: str
    short: str
    counts: dict[str, int]
    items: tuple[Item, ...]

    def having(self, status: Status) -> list[Item]:
        """The items of a status."""
        return [item for item in self.items if item.status == status]


@cache
def departures() -> tuple[Departure, ...]:
    """All departures of `protocol: paper` from the text, in the order of the file."""
    return tuple(Departure(key, **entry) for key, entry in _content()["departures"].items())


@cache
def papers() -> tuple[Paper, ...]:
    """All papers with their items; an item that repeats another has what that one has."""
    content = _content()
    entries = {(entry["paper"], entry["item"]): entry for entry in content["items"]}
    found = []
    for key, about in content["papers"].items():
        counts = {kind: about[f"{kind}s"] for kind in ("table", "figure", "equation")}
        items = tuple(_item(entries, *place) for place in entries if place[0] == key)
        found.append(Paper(key, about["title"], about["short"], counts, items))
    return tuple(found)


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


@cache
def _content() -> dict[str, Any]:
    text = resources.files("isr.reporting.report").joinpath(_FILE).read_text(encoding="utf-8")
    return tomllib.loads(text)


def _item(entries: dict[tuple[str, str], dict[str, Any]], paper: str, name: str) -> Item:
    entry = entries[paper, name]
    if "same_as" in entry:
        there, other = entry["same_as"].split(": ")
        first = _item(entries, there, other)
        return Item(
            paper, name, entry["what"], first.status, first.departures, same_as=(there, other)
        )
    own, before = entry.get("departures", []), entry.get("builds_on", [])
    inherited = [key for other in before for key in _item(entries, paper, other).departures]
    return Item(
        paper,
        name,
        entry["what"],
        entry["status"],
        tuple(dict.fromkeys([*inherited, *own])),
        own=tuple(own),
        builds_on=tuple(before),
        shown=tuple(entry.get("shown", [])),
        code=tuple(entry.get("code", [])),
        note=entry.get("note", ""),
    )


def summary() -> str:
    """The Markdown table of README.md: a row for each paper, its items by status."""
    lines = [_row(["", *HEADINGS.values()]), _row(["---"] * (1 + len(HEADINGS)))]
    for paper in papers():
        cells = [listing(item.name for item in paper.having(status)) for status in HEADINGS]
        name = paper.short[0].upper() + paper.short[1:]
        lines.append(_row([name, *(cell or "-" for cell in cells)]))
    return "\n".join(lines)


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
        rows = [_row(["", "What", "Status", "Departures", "Where"]), _row(["---"] * 5)]
        rows += [_row(_cells(item)) for item in paper.items]
        blocks += [f"## {paper.title}", "\n".join(rows)]
    rows = [_row(["", "The paper says", "Here"]), _row(["---"] * 3)]
    rows += [
        _row([f'<a id="{each.key}"></a>`{each.key}`', each.text, each.ours])
        for each in departures()
    ]
    blocks += ["## Departures from the text", "\n".join(rows)]
    return "\n\n".join(blocks) + "\n"


def _cells(item: Item) -> list[str]:
    departs = [f"[`{key}`](#{key})" for key in item.own]
    return [
        item.name,
        " ".join(filter(None, [f"{item.what}.", item.note])),
        HEADINGS[item.status].lower(),
        ", ".join([*departs, *filter(None, [item.differs])]),
        ", ".join([*item.displays, *(f"`{name}`" for name in item.code)]),
    ]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def put_into(readme: str) -> str:
    """README.md with its table made anew.

    Raises:
        UserError: the lines between which it stands are missing.
    """
    try:
        before, rest = readme.split(_BEGIN)
        _, after = rest.split(_END)
    except ValueError:
        raise UserError(
            f"{_README}: the lines {_BEGIN} and {_END} must stand there once each: put them back."
        ) from None
    full = f"Every item and every departure: [{_PAGE}]({_PAGE})."
    return f"{before}{_BEGIN}\n\n{summary()}\n\n{MEANING} {full}\n\n{_END}{after}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write README.md and docs/reproduction.md of a repository."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(), help="of the repository")
    root = parser.parse_args(arguments).root
    readme = root / _README
    if not readme.exists():
        raise UserError(f"{readme} does not exist: name the repository by --root.")
    write_text(readme, put_into(readme.read_text(encoding="utf-8")))
    write_text(root / _PAGE, page())


if __name__ == "__main__":
    run(main)
