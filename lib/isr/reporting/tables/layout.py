"""A table as a person reads it, and its files: Markdown, LaTeX (booktabs) and HTML."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from isr.io import write_text
from isr.reporting.metrics import NO_GROUND_TRUTH, NOT_RUN

MINUS = "\N{MINUS SIGN}"
DEVIATION = "\N{PLUS-MINUS SIGN}"
NOT_LEGIBLE = "not legible"
"""What a CSV says of a number that the paper does not give; tables for people have UNREAD."""
UNREAD = "?"
NONE = "-"
_UNREAD_NOTE = f"{UNREAD}: {NOT_LEGIBLE} in the paper's text."
STOPPED = " (stopped)"
"""Behind a number with a fit that did not stay finite: its last finite state was scored."""
DEVIATION_NOTE = f"{DEVIATION}: standard deviation over seeds (ddof 1)."

Row = Any  # what DataFrame.itertuples gives

STYLE = """
table.numbers { border-collapse: collapse; font-size: 0.87rem; font-variant-numeric: tabular-nums; }
table.numbers th, table.numbers td { padding: 0.28rem 0.7rem; text-align: right; }
table.numbers th, table.numbers td { white-space: nowrap; }
table.numbers th { font-weight: 600; vertical-align: bottom; }
table.numbers thead tr:last-child th { white-space: normal; max-width: 8rem; }
table.numbers .name { text-align: left; }
table.wide { font-size: 0.8rem; }
table.wide th, table.wide td { padding: 0.28rem 0.3rem; }
table.wide thead tr:last-child th { max-width: 4.2rem; }
table.wide td.name { white-space: normal; max-width: 9rem; }
table.numbers thead th { border-bottom: 1px solid #555; }
table.numbers thead tr:first-child th { border-top: 2px solid #222; }
table.numbers thead th.group { text-align: center; }
table.numbers tbody tr.opens td { border-top: 1px solid #bbb; }
table.numbers tbody tr:last-child td { border-bottom: 2px solid #222; }
table.numbers tr.secondary td { color: #5b6470; }
table.numbers td.missing { color: #8a5a00; font-style: italic; }
.scroll { overflow-x: auto; }
figure.table { margin: 0 0 0.8rem; }
figure.table figcaption { font-weight: 600; margin-bottom: 0.5rem; }
.notes { color: #444; font-size: 0.85rem; margin: 0.5rem 0 0; max-width: 60rem; }
""".strip()

_MISSING = (NOT_RUN, NO_GROUND_TRUTH, UNREAD)
_WIDE = 12
"""Columns beyond which they are narrow."""
_PAGE_STYLE = "body { font-family: system-ui, sans-serif; margin: 1.5rem; }"
_BODY = ("<body>", "</body>")


@dataclass(frozen=True)
class Span:
    """A piece of text in one weight."""

    text: str
    bold: bool = False


Entry = tuple[Span, ...]
"""The content of one table cell: its spans follow each other, joined by " / "."""


@dataclass(frozen=True)
class Heading:
    """A column heading over `columns` columns."""

    text: str
    columns: int = 1


@dataclass(frozen=True)
class Line:
    """One table row: its names (as many as the table has stubs) and its entries."""

    names: tuple[str, ...]
    entries: tuple[Entry, ...]
    opens_block: bool = False
    secondary: bool = False


@dataclass(frozen=True)
class Table:
    """A laid-out table.

    Attributes:
        title: one line that says what is shown, on which data.
        stubs: headings of the columns that name a row.
        headings: rows of headings over the entries; in each, the columns add up to the same number.
        lines: the rows.
        notes: sentences that stand below.
    """

    title: str
    stubs: tuple[str, ...]
    headings: tuple[tuple[Heading, ...], ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = field(default=())


def line_of(
    names: tuple[str, ...],
    spans: Sequence[Span],
    opens_block: bool = False,
    secondary: bool = False,
) -> Line:
    """A row with one span in each cell."""
    return Line(names, tuple((span,) for span in spans), opens_block, secondary)


def titled(data: str, title: str | None, usual: str, number: int, compares: bool) -> str:
    """The title of a table: its data, then what it shows.

    Args:
        data: in words.
        title: replaces the usual words about the content.
        usual: these words; where the paper shows the same is added.
        number: of the paper's table.
        compares: whether the paper's numbers stand beside ours.
    """
    place = f"{'' if compares else 'after '}the paper's Table {number}"
    return f"{data}. {title or f'{usual} ({place})'}"


def score(row: Row, name: str, *, best: str | None = None, deviation: bool = False) -> Span:
    """Our score of a row of a summary, or the words for why there is none.

    Args:
        row: None for a row that was not planned.
        name: of the column.
        best: printed score that is bold, see `best_of`.
        deviation: whether the one over seeds stands beside it; one seed has none.
    """
    if row is None or row.status != "ran":
        return Span(NOT_RUN if row is None else row.status)
    value = getattr(row, name)
    if value != value:
        return Span(NONE)
    text = f"{value:.3f}"
    over_seeds = getattr(row, f"{name}_deviation")
    has_more = deviation and over_seeds == over_seeds
    shown = f"{text} {DEVIATION} {over_seeds:.3f}" if has_more else text
    # A fit that did not stay finite is no result like others: the number itself says so.
    shown += STOPPED if getattr(row, "n_stopped", 0) else ""
    return Span(shown, bold=text == best)


def best_of(rows: Iterable[Row], name: str) -> str | None:
    """The highest printed score; None where fewer than two ran."""
    ran = [row for row in rows if row is not None and row.status == "ran"]
    return max((f"{getattr(row, name):.3f}" for row in ran), key=float) if len(ran) > 1 else None


def published(row: Row, name: str, *, deviation: bool = False) -> Span:
    """The papers' score beside that of a row; nothing where they have none."""
    if row is None or not row.published:
        return Span("")
    value = getattr(row, f"published_{name}")
    if value != value:
        return Span(UNREAD)
    if not deviation:
        return Span(f"{value:.3f}")
    over_seeds = getattr(row, f"published_{name}_deviation")
    known = f"{over_seeds:.3f}" if over_seeds == over_seeds else UNREAD
    return Span(f"{value:.3f} {DEVIATION} {known}")


def difference(row: Row, name: str) -> Span:
    """Ours minus published; nothing where they are not of the same object."""
    if row is None or not row.published or getattr(row, "labels_follow", None):
        return Span("")
    if row.status != "ran":
        return Span(row.status)
    value, known = getattr(row, f"difference_{name}"), getattr(row, f"published_{name}")
    if value != value:
        return Span(UNREAD if known != known else "")
    return Span(signed(value))


def signed(value: float) -> str:
    """A difference in print, with its sign."""
    return f"{value:+.3f}".replace("-", MINUS)


def write_all(table: Table, path: Path) -> None:
    """Write the table beside `path` as .md, .tex and .html, each atomically."""
    write_text(path.with_suffix(".md"), to_markdown(table))
    write_text(path.with_suffix(".tex"), to_latex(table))
    write_text(path.with_suffix(".html"), to_html(table))


def to_markdown(table: Table) -> str:
    """The table as a Markdown pipe table under its title, with the notes below."""
    heads = [*table.stubs, *_flat_headings(table)]
    rules = ["---"] * len(table.stubs) + ["---:"] * (len(heads) - len(table.stubs))
    lines = [f"**{table.title}**", "", _pipe(heads), _pipe(rules)]
    for line in table.lines:
        lines.append(_pipe([*line.names, *(_joined(entry, "**{}**") for entry in line.entries)]))
    lines += ["", *(f"- {note}" for note in _notes(table))]
    return "\n".join(lines) + "\n"


def _notes(table: Table) -> list[str]:
    """The notes of a table, with what its own marks mean."""
    spans = (span.text for line in table.lines for entry in line.entries for span in entry)
    return [*table.notes, *([_UNREAD_NOTE] if any(UNREAD in text for text in spans) else [])]


def _flat_headings(table: Table) -> list[str]:
    """One heading per column: the headings over it, joined."""
    rows = [[head.text for head in row for _ in range(head.columns)] for row in table.headings]
    return [": ".join(filter(None, column)) for column in zip(*rows, strict=True)]


def _pipe(texts: list[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def _joined(entry: Entry, bold: str, escaped: Callable[[str], str] = str) -> str:
    """The spans of an entry, those that are bold put into the place in `bold`."""
    texts = [(escaped(span.text), span.bold) for span in entry]
    return " / ".join(bold.format(text) if is_bold else text for text, is_bold in texts)


def to_latex(table: Table) -> str:
    """The table as a LaTeX table environment; needs the packages booktabs and graphicx."""
    width = sum(head.columns for head in table.headings[0])
    lines = [
        r"% needs \usepackage{booktabs,graphicx}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_tex(' '.join((table.title + '.', *_notes(table))))}}}",
        r"\resizebox{\linewidth}{!}{%",
        rf"\begin{{tabular}}{{{'l' * len(table.stubs)}{'r' * width}}}",
        r"\toprule",
    ]
    for number, row in enumerate(table.headings):
        lines += _latex_headings(table, row, is_last=number == len(table.headings) - 1)
    lines.append(r"\midrule")
    for number, line in enumerate(table.lines):
        if line.opens_block and number > 0:
            lines.append(r"\midrule")
        entries = [_joined(entry, r"\textbf{{{}}}", _tex) for entry in line.entries]
        lines.append(_tex_row([*map(_tex, line.names), *entries]))
    lines += [r"\bottomrule", r"\end{tabular}}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def _latex_headings(table: Table, row: tuple[Heading, ...], *, is_last: bool) -> list[str]:
    stubs = [_tex(stub) if is_last else "" for stub in table.stubs]
    texts, rules, column = [], [], len(table.stubs) + 1
    for head in row:
        if head.columns == 1:
            texts.append(_tex(head.text))
        else:
            texts.append(rf"\multicolumn{{{head.columns}}}{{c}}{{{_tex(head.text)}}}")
            rules.append(rf"\cmidrule(lr){{{column}-{column + head.columns - 1}}}")
        column += head.columns
    return [_tex_row([*stubs, *texts]), *([" ".join(rules)] if rules else [])]


def _tex_row(texts: list[str]) -> str:
    return " & ".join(texts) + r" \\"


_TEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        **{"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"},
        **{DEVIATION: r"$\pm$", MINUS: "$-$"},
    }
)


def _tex(text: str) -> str:
    return text.translate(_TEX)


def to_html(table: Table) -> str:
    """The table as an HTML page of its own, without anything from outside."""
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f"<title>{escape(table.title)}</title>",
            f"<style>\n{_PAGE_STYLE}\n{STYLE}\n</style>",
            "</head>",
            _BODY[0],
            _html_figure(table),
            _BODY[1],
            "</html>\n",
        ]
    )


def html_body(page: str) -> str:
    """The part of a page made by `to_html` that another page can take in."""
    return page.partition(_BODY[0])[2].partition(_BODY[1])[0].strip()


def _html_figure(table: Table) -> str:
    columns = len(table.stubs) + sum(head.columns for head in table.headings[0])
    wide = " wide" if columns > _WIDE else ""
    lines = [
        f'<figure class="table">\n<figcaption>{escape(table.title)}</figcaption>',
        f'<div class="scroll"><table class="numbers{wide}">\n<thead>',
    ]
    for number, row in enumerate(table.headings):
        is_last = number == len(table.headings) - 1
        stubs = "".join(
            f'<th class="name">{escape(stub) if is_last else ""}</th>' for stub in table.stubs
        )
        lines.append(f"<tr>{stubs}{''.join(_html_heading(head) for head in row)}</tr>")
    lines.append("</thead>\n<tbody>")
    for line in table.lines:
        flags = {"opens": line.opens_block, "secondary": line.secondary}
        classes = " ".join(name for name, is_set in flags.items() if is_set)
        names = "".join(f'<td class="name">{escape(name)}</td>' for name in line.names)
        entries = "".join(_html_entry(entry) for entry in line.entries)
        lines.append(f'<tr class="{classes}">{names}{entries}</tr>')
    lines.append("</tbody>\n</table></div>")
    lines += [f'<p class="notes">{"<br>".join(escape(note) for note in _notes(table))}</p>']
    lines.append("</figure>")
    return "\n".join(lines)


def _html_heading(head: Heading) -> str:
    if head.columns == 1:
        return f"<th>{escape(head.text)}</th>"
    return f'<th class="group" colspan="{head.columns}">{escape(head.text)}</th>'


def _html_entry(entry: Entry) -> str:
    missing = all(span.text in _MISSING for span in entry)
    content = _joined(entry, "<b>{}</b>", escape)
    return f'<td class="missing">{content}</td>' if missing else f"<td>{content}</td>"
