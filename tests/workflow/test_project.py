"""A project of one's own in a folder of its own, and a checkout in a folder of an odd name."""

import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from configurations import DEMO_STUDIES
from own_files import write_masks
from repositories import Repository, copy_repository

STUDY = {
    "dataset": "masks",
    "settings": {"constraint": "convex", "steps": 60},
    "tables": {"hulls": {"kind": "non_convexity"}},
    "figures": {"pairs": {"kind": "figure_12"}},
}
CONFIG = {
    "datasets": {"masks": {"kind": "pictures", "path": "../my masks", "items": ["flower"]}},
    "studies": {**dict.fromkeys(DEMO_STUDIES), "own": STUDY},
}
MODULE = """
configfile: "config/mine.yaml"
module shapes:
    snakefile: {snakefile!r}
    config: config
use rule * from shapes
"""
CELL = "results/own/all"
_EVALUATED = {"evaluate": 1, "tabulate": 1, "draw": 1, "report": 1, "all": 1, "total": 5}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """The checkout, and the project, whose masks lie behind a link."""
    folder = tmp_path_factory.mktemp("places")
    checkout = copy_repository(folder / "O'Brien's a{b}c (v2) $HOME")
    project = Repository(folder / "my project")
    for version in ("v1", "v2"):
        write_masks(folder / "disk" / version)
    # Older than what was made from the other version.
    os.utime(folder / "disk/v2/unaries/flower.png", (10**9, 10**9))
    (project.folder / "my masks").mkdir(parents=True)
    (project.folder / "my masks/unaries").symlink_to(folder / "disk/v1/unaries")
    (project.folder / "config").mkdir()
    (project.folder / "config/mine.yaml").write_text(yaml.safe_dump(CONFIG))
    return checkout, project


@pytest.fixture(scope="module")
def own(places):
    """The arguments of a run from the project's folder, and the project after it."""
    checkout, project = places
    snakefile = str(checkout.folder / "workflow/Snakefile")
    arguments = ("-s", snakefile, "--configfile", "config/mine.yaml")
    code, output = project.snakemake("--cores", "1", *arguments)
    assert code == 0, output
    return arguments, project


def test_the_project_s_folder_holds_all_that_was_made(own, places):
    checkout, project = places[0].folder, own[1].folder
    for name in ("masks/flower.png", "outlines/flower.svg", "metrics.csv", "certificates.csv"):
        assert (project / CELL / name).stat().st_size, name
    for name in ("results/report.html", "results/tables/hulls.csv", "results/figures/pairs.svg"):
        assert (project / name).stat().st_size, name
    assert not any((checkout / name).exists() for name in ("results", "resources", "logs"))


def test_a_run_from_elsewhere_has_nothing_to_do(own):
    _, project = own
    elsewhere = Repository(project.folder.parent)
    snakefile, file = own[0][1], str(project.folder / "config/mine.yaml")
    arguments = ("-s", snakefile, "--directory", "my project", "--configfile", file)
    assert elsewhere.plan(*arguments) == {}


def test_a_workflow_that_takes_this_one_as_a_module_has_nothing_to_do(own):
    arguments, project = own
    (project.folder / "Snakefile").write_text(MODULE.format(snakefile=arguments[1]))
    assert project.plan() == {}
    # Of its own rules, the first is what it makes.
    rule = 'rule mine:\n    output: "mine.txt"\n    shell: "touch {output}"\n'
    renamed = MODULE.replace("from shapes", "from shapes as its_*")
    text = rule + renamed.format(snakefile=arguments[1])
    (project.folder / "Snakefile").write_text(text)
    assert project.plan() == {"mine": 1, "total": 1}
    (project.folder / "Snakefile").unlink()


@pytest.mark.parametrize("folder", ["", "workflow"])
def test_paths_are_seen_from_the_file_that_names_them(places, own, folder):
    file = str(own[1].folder / "config/mine.yaml")
    checkout = Repository(places[0].folder / folder)
    code, output = checkout.snakemake("--dry-run", "--printshellcmds", "own", "--configfile", file)
    assert code == 0, output
    assert re.search(r"^unpack +1$", output, re.M)


def test_a_configuration_in_the_usual_place_is_found(own):
    arguments, project = own
    usual = project.folder / "config/config.yaml"
    (project.folder / "config/mine.yaml").rename(usual)
    try:
        assert project.plan(*arguments[:2]) == {}
    finally:
        usual.rename(project.folder / "config/mine.yaml")


def test_a_changed_picture_behind_a_link_is_seen(own):
    arguments, project = own
    link = project.folder / "my masks/unaries"
    first, second = (project.folder.parent / f"disk/{version}/unaries" for version in ("v1", "v2"))
    link.unlink()
    link.symlink_to(second)
    assert project.plan(*arguments)["unpack"] == 1
    link.unlink()
    link.symlink_to(first)
    assert project.plan(*arguments) == {}
    picture = first / "flower.png"
    before, times = picture.read_bytes(), picture.stat()
    picture.write_bytes((first / "pair.png").read_bytes())
    assert project.plan(*arguments)["unpack"] == 1
    picture.write_bytes(before)
    os.utime(picture, ns=(times.st_atime_ns, times.st_mtime_ns))


def _cut(path):
    """Cut a file off: a table between two rows, so that what is left looks whole."""
    content = path.read_bytes()
    end = content.rstrip(b"\n").rfind(b"\n") + 1 if path.suffix == ".csv" else len(content) // 2
    path.write_bytes(content[:end])


DAMAGES = [
    (Path.unlink, f"{CELL}/masks/flower.png", _EVALUATED),
    (_cut, f"{CELL}/outlines/flower.svg", _EVALUATED),
    (_cut, f"{CELL}/certificates.csv", _EVALUATED),
    (_cut, "results/tables/hulls.csv", {"tabulate": 1, "report": 1, "all": 1, "total": 3}),
    (Path.unlink, "results/tables/hulls.tex", {"tabulate": 1, "report": 1, "all": 1, "total": 3}),
    (_cut, "results/figures/pairs.svg", {"draw": 1, "report": 1, "all": 1, "total": 3}),
    (_cut, "results/report.html", {"report": 1, "all": 1, "total": 2}),
]


@pytest.mark.parametrize(("damage", "name", "jobs"), DAMAGES)
def test_what_all_promises_is_made_again(own, damage, name, jobs):
    arguments, project = own
    path = project.folder / name
    before, times = path.read_bytes(), path.stat()
    damage(path)
    assert project.plan(*arguments) == jobs
    path.write_bytes(before)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_all_that_was_damaged_is_as_it_was_after_a_run(own):
    arguments, project = own
    before = {name: (project.folder / name).read_bytes() for _, name, _ in DAMAGES}
    for damage, name, _ in DAMAGES:
        damage(project.folder / name)
    (project.folder / "results/.made/own/all.json").unlink()
    code, output = project.snakemake("--cores", "1", *arguments)
    assert code == 0, output
    timed = before.pop("results/report.html")
    assert {name: (project.folder / name).read_bytes() for name in before} == before
    assert len((project.folder / "results/report.html").read_bytes()) > len(timed) / 2
    assert project.plan(*arguments) == {}


class _Server(BaseHTTPRequestHandler):
    asked = ()

    def do_GET(self):
        type(self).asked += (self.path,)
        self.send_response(404)
        self.end_headers()


@pytest.fixture
def address():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_address_is_taken_word_for_word(places, address):
    """With a & of an honest query, and with what a shell would run."""
    query = "/files?a=1&x=$HOME;touch${IFS}ran"
    entry = {"kind": "convexitydb", "semantic": {"url": address + query}}
    studies = {**dict.fromkeys(DEMO_STUDIES), "own": {"dataset": "theirs"}}
    config = {"datasets": {"theirs": entry}, "studies": studies}
    status = "resources/downloads/Feat.zip.status.json"
    code, output = places[0].snakemake(status, "--cores", "1", config=config)
    assert code == 0, output
    assert set(_Server.asked) == {query}
    assert not list(places[0].folder.rglob("ran"))
