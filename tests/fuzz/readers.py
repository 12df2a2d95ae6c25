"""Every reader of files, each with whole files that it reads."""

import hashlib
import io
import json
import pickle
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import tifffile
import torch
import yaml
from PIL import Image

from isr.config.reading import read_plan
from isr.constraints import build
from isr.data.archives import check_zip, unpacked
from isr.data.download import record_path, verify
from isr.data.features.published import PublishedFiles
from isr.data.files import read_image, read_labels
from isr.data.items import Frame, read_item, write_picture, write_video
from isr.data.kinds import read_entry
from isr.data.kinds.fbms import find_label, find_object, read_definition
from isr.data.kinds.volumes import read_volume
from isr.data.pictures import Picture
from isr.data.problems import Predictions, write_unaries
from isr.data.weak_labels.published import label
from isr.data.weak_labels.store import (
    WeakLabels,
    foreground_of,
    label_kind,
    label_table,
    write_labels,
)
from isr.data.weak_labels.store import (
    read_labels as read_weak_labels,
)
from isr.evaluation.floors import read_floors
from isr.fitting.engine.long_work import resume
from isr.io import read_array, read_json, read_png, write_json, write_png
from isr.networks.unet import UNet, read_published
from isr.reporting.cell_files import CellFiles
from isr.reporting.drawing.training import history
from isr.reporting.metrics import read_metrics
from isr.store import Group, read_fits, write_fits

SIZE = (20, 26)


@dataclass(frozen=True)
class Reader:
    """A reader, and whole files for it.

    Attributes:
        make: writes them into a folder, and returns those that are damaged, one at a time.
        read: reads them; its second argument is an empty folder for what it makes.
        cut: whether it can be known that a file was cut off; not of text that people write.
    """

    make: Callable[[Path], list[Path]]
    read: Callable[[Path, Path], Any]
    cut: bool = True


def _grey(low: int = 40, high: int = 200) -> np.ndarray:
    """A disc in noise, uint8."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    disc = (rows - 10) ** 2 + (columns - 13) ** 2 < 40
    noise = np.random.default_rng(0).integers(-20, 20, SIZE)
    return (np.where(disc, high, low) + noise).astype(np.uint8)


def _colour() -> np.ndarray:
    return np.stack([_grey(), _grey(60, 90), _grey(90, 60)], axis=-1)


def _mask() -> np.ndarray:
    return np.where(_grey() > 120, 255, 0).astype(np.uint8)


def _saved(content: Any, *, legacy: bool = False) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=not legacy)
    return stream.getvalue()


def _tree(folder: Path) -> dict[str, str]:
    """Names and hashes of all files of a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# Pictures and arrays


def _pictures(folder: Path) -> list[Path]:
    deep = (_grey().astype(np.uint16) << 8) + 7
    saved = {
        "a.png": Image.fromarray(_colour()),
        "b.png": Image.fromarray(deep),
        "c.png": Image.fromarray(_grey()).convert("P"),
        "d.jpg": Image.fromarray(_colour()),
        "e.bmp": Image.fromarray(_colour()),
        "f.webp": Image.fromarray(_colour()),
        "g.tif": Image.fromarray(_colour()),
    }
    for name, picture in saved.items():
        picture.save(folder / name, **({"lossless": True} if name == "f.webp" else {}))
    tifffile.imwrite(folder / "h.tif", deep, compression="zlib")
    return [*map(folder.joinpath, saved), folder / "h.tif"]


def _read_pictures(folder: Path, out: Path) -> Any:
    return [read_image(path) for path in sorted(folder.iterdir())]


def _label_pictures(folder: Path) -> list[Path]:
    Image.fromarray(_mask()).save(folder / "a.png")
    Image.fromarray(_mask()).convert("P").save(folder / "b.png")
    Image.fromarray(_mask()).convert("1").save(folder / "c.png")
    Image.fromarray(_mask().astype(np.uint16) * 3).save(folder / "d.png")
    tifffile.imwrite(folder / "e.tif", _mask())
    return sorted(folder.iterdir())


def _read_label_pictures(folder: Path, out: Path) -> Any:
    return [read_labels(path) for path in sorted(folder.iterdir())]


def _volumes(folder: Path) -> list[Path]:
    stack = np.stack([_grey(), _grey(50), _grey(60)])
    tifffile.imwrite(folder / "a.tif", stack, photometric="minisblack")
    tifffile.imwrite(folder / "b.tif", stack, photometric="minisblack", compression="zlib")
    np.save(folder / "c.npy", (stack / 255).astype(np.float32))
    return sorted(folder.iterdir())


def _read_volumes(folder: Path, out: Path) -> Any:
    return [read_volume(path) for path in sorted(folder.iterdir())]


def _label_volumes(folder: Path) -> list[Path]:
    stack = np.stack([_mask()] * 3)
    tifffile.imwrite(folder / "a.tif", stack.astype(np.int32), photometric="minisblack")
    np.save(folder / "b.npy", stack.astype(np.int64))
    return sorted(folder.iterdir())


def _read_label_volumes(folder: Path, out: Path) -> Any:
    return [read_volume(path, holds="labels") for path in sorted(folder.iterdir())]


def _arrays(folder: Path) -> list[Path]:
    np.save(folder / "a.npy", np.arange(12.0).reshape(3, 4))
    np.save(folder / "b.npy", np.arange(12, dtype=np.int32).reshape(3, 4).T)
    return sorted(folder.iterdir())


def _read_arrays(folder: Path, out: Path) -> Any:
    paths = sorted(folder.iterdir())
    return [read_array(paths[0]), read_array(paths[1], mapped=True).copy()]


def _pngs(folder: Path) -> list[Path]:
    write_png(folder / "a.png", _colour())
    write_png(folder / "b.png", _grey().astype(np.uint16) * 200)
    return sorted(folder.iterdir())


def _read_pngs(folder: Path, out: Path) -> Any:
    return [read_png(path) for path in sorted(folder.iterdir())]


def _json(folder: Path) -> list[Path]:
    write_json(folder / "a.json", {"name": "Größe", "values": [1, 2.5, None, True, {"a": "b"}]})
    return [folder / "a.json"]


def _own_pictures(folder: Path) -> list[Path]:
    for kind, array in {"images": _colour(), "ground_truth": _mask()}.items():
        (folder / kind).mkdir()
        Image.fromarray(array).save(folder / kind / "a.png")
    scribbles = np.zeros(SIZE, np.uint8)
    scribbles[9:11, 11:15], scribbles[1] = 1, 2
    (folder / "scribbles").mkdir()
    Image.fromarray(scribbles).save(folder / "scribbles/a.png")
    return sorted(folder.glob("*/*.png"))


def _read_own_pictures(folder: Path, out: Path) -> Any:
    coding = {"none": 0, "foreground": 1, "background": 2}
    entry = read_entry({"kind": "pictures", "path": str(folder), "scribble_values": coding})
    entry.unpack("a", Path(), folder, out / "a")
    return _tree(out)


# Videos


def _frames(folder: Path) -> list[Path]:
    (folder / "clip").mkdir()
    for number, suffix in enumerate((".jpg", ".png", ".ppm")):
        Image.fromarray(np.roll(_colour(), number, 1)).save(folder / f"clip/f_{number}{suffix}")
    return sorted(folder.glob("clip/*"))


def _read_frames(folder: Path, out: Path) -> Any:
    entry = read_entry({"kind": "videos", "path": str(folder)})
    entry.unpack("clip", Path(), folder, out / "clip")
    return _tree(out)


_DEFINITION = """Total number of regions:
2

Scale of region 0:
0

Scale of region 1:
255

Total number of frames in this shot:
2

Total number of labeled frames for this shot:
1

Frame number:
0
File name:
clip_01.pgm
Input file name:
clip_01.ppm
"""


def _sequence(folder: Path) -> None:
    (folder / "GroundTruth").mkdir(parents=True)
    (folder / "GroundTruth/clipDef.dat").write_text(_DEFINITION)
    Image.fromarray(_mask()).save(folder / "GroundTruth/clip_01.pgm")
    for number in (1, 2):
        Image.fromarray(_colour()).save(folder / f"clip_{number:02d}.jpg")


def _definitions(folder: Path) -> list[Path]:
    (folder / "clipDef.dat").write_text(_DEFINITION)
    entry = {"trajectory_foreground_id": 1, "ground_truth_foreground_id": 255}
    write_json(folder / "mapping.json", {"mappings": {"0": {"clip": entry}}})
    return sorted(folder.iterdir())


def _read_definitions(folder: Path, out: Path) -> Any:
    definition = read_definition(folder / "clipDef.dat")
    mapping = folder / "mapping.json"
    found = find_object("clip", definition, mapping), find_label("clip", mapping)
    return definition.values, definition.frames, found


def _fbms(folder: Path) -> list[Path]:
    _sequence(folder / "in/clip")
    with zipfile.ZipFile(folder / "fbms.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((folder / "in").rglob("*")):
            archive.write(path, path.relative_to(folder / "in"))
    shutil.rmtree(folder / "in")
    return [folder / "fbms.zip"]


def _read_fbms(folder: Path, out: Path) -> Any:
    record_path(folder / "fbms.zip").unlink(missing_ok=True)
    entry = read_entry({"kind": "fbms", "file": "fbms.zip"})
    entry.unpack("clip", Path(), folder, out / "clip")
    return _tree(out)


# Archives and downloads


def _archives(folder: Path) -> list[Path]:
    content = {"a/x.txt": b"x" * 500, "a/y.bin": bytes(range(256)) * 3, "z.txt": b"z"}
    for name, how in (("a.zip", zipfile.ZIP_DEFLATED), ("b.zip", zipfile.ZIP_STORED)):
        with zipfile.ZipFile(folder / name, "w", how) as archive:
            for member, data in content.items():
                archive.writestr(member, data)
    for name, how in (("c.tar", "w"), ("d.tar", "w:gz"), ("e.tar", "w:xz"), ("f.tar", "w:bz2")):
        with tarfile.open(folder / name, how) as archive:  # type: ignore[call-overload]
            for member, data in content.items():
                about = tarfile.TarInfo(member)
                about.size = len(data)
                archive.addfile(about, io.BytesIO(data))
    return sorted(folder.iterdir())


def _read_archives(folder: Path, out: Path) -> Any:
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".zip":
            check_zip(path, path.name)
        with unpacked(path, lambda member: True) as place:
            found[path.name] = _tree(place)
    return found


def _records(folder: Path) -> list[Path]:
    (folder / "a.bin").write_bytes(b"content")
    verify(folder / "a.bin", record=record_path(folder / "a.bin"))
    return [record_path(folder / "a.bin")]


def _read_records(folder: Path, out: Path) -> Any:
    return verify(folder / "a.bin", record=record_path(folder / "a.bin"))


# Features, weak labels, networks


def _features(folder: Path) -> list[Path]:
    embedmap = np.random.default_rng(0).random((4, 5, 3)).astype(np.float32)
    (folder / "own").mkdir()
    (folder / "own/a.pt").write_bytes(_saved({"embedmap": embedmap}))
    (folder / "own/b.pt").write_bytes(_saved({"embedmap": embedmap}, legacy=True))
    (folder / "own/c.pt").write_bytes(pickle.dumps({"embedmap": embedmap}, protocol=4))
    with zipfile.ZipFile(folder / "Feat.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "own/a.pt", "Feat/a.pt")
    return [*sorted((folder / "own").iterdir()), folder / "Feat.zip"]


def _read_features(folder: Path, out: Path) -> Any:
    own = PublishedFiles(folder / "own")
    return [*map(own.read, "abc"), PublishedFiles(folder / "Feat.zip").read("a")]


def _published_labels(folder: Path) -> list[Path]:
    image = np.zeros((*SIZE, 3), np.uint8)
    frames = [Frame(image, file=f"clip_{number}") for number in (1, 2)]
    write_video(folder / "clip", frames, name="clip", object=1, source="s", licence="l")
    labels = np.full(SIZE, -1.0)
    labels[5:8, 5:20], labels[12:15, 5:20] = 1, 0
    for place in ("labels/clip", "in/clip"):
        (folder / place).mkdir(parents=True)
        for number in (1, 2):
            with h5py.File(folder / place / f"clip_{number}.h5", "w") as content:
                content["img"] = labels.T
                content.create_dataset(
                    "confidence", data=np.where(labels < 0, -1.0, 0.9).T, compression="gzip"
                )
    with tarfile.open(folder / "packed.tar", "w:gz") as archive:
        archive.add(folder / "in/clip", "clip")
    shutil.rmtree(folder / "in")
    return [*sorted(folder.glob("labels/clip/*")), folder / "packed.tar"]


def _read_published_labels(folder: Path, out: Path) -> Any:
    record_path(folder / "packed.tar").unlink(missing_ok=True)
    found = []
    for file in ("labels.tar", "packed.tar"):
        content = {"kind": "videos", "path": "own", "labels": {"file": file}}
        entry = read_entry(content)
        frames = label(read_item(folder / "clip"), entry.labels, None, folder)  # type: ignore[attr-defined]
        found += [(frame.labels, frame.flip, frame.note) for frame in frames]
    return found


def _weak_labels(folder: Path) -> list[Path]:
    marks = np.zeros(SIZE, np.uint8)
    marks[0], marks[10, 5:20] = 255, 1
    frames = [WeakLabels(marks, (marks == 1).astype(np.float32) / 2), WeakLabels(marks)]
    chosen = {"object": 1, "objects": 1, "named": True, "share": 0.5, "follow": ""}
    about = {"kind": "motion", "text": "t", "options": {}, "foreground": chosen}
    write_labels(folder / "labels", frames, about)
    return [path for path in sorted((folder / "labels").rglob("*")) if path.is_file()]


def _read_weak_labels(folder: Path, out: Path) -> Any:
    labels = folder / "labels"
    frames = [read_weak_labels(labels, number, (10, 13), frame_size=SIZE) for number in (0, 1)]
    table = label_table(labels).to_csv()
    return [(f.labels, f.flip) for f in frames], table, foreground_of(label_kind(labels))


def _networks(folder: Path) -> list[Path]:
    content = _saved({"state_dict": UNet(width=1).state_dict()})
    (folder / "clip.pth").write_bytes(content)
    (folder / "old.pth").write_bytes(
        _saved({"state_dict": UNet(width=1).state_dict()}, legacy=True)
    )
    with tarfile.open(folder / "all.tar", "w:gz") as archive:
        archive.add(folder / "clip.pth", "nets/clip/model_1.pth")
    return sorted(folder.iterdir())


def _read_networks(folder: Path, out: Path) -> Any:
    networks = [read_published(path, "clip", width=1) for path in sorted(folder.iterdir())]
    return [{k: v.numpy() for k, v in each.state_dict().items()} for each in networks]


# What the project wrote itself


def _items(folder: Path) -> list[Path]:
    scribbles = np.zeros(SIZE, np.uint8)
    scribbles[9:11, 11:15], scribbles[1] = 1, 255
    picture = Picture("a", _colour() / np.float32(255), scribbles, _mask(), text="t")
    unaries = _mask().astype(np.float32) / 255
    write_picture(folder / "a", Picture(**{**vars(picture), "unaries": unaries}))
    frames = [Frame(_colour(), (_mask() // 255), file="x_1"), Frame(_colour(), file="x_2")]
    write_video(folder / "v", frames, name="v", object=1, source="s", licence="l")
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _read_items(folder: Path, out: Path) -> Any:
    return [vars(read_item(folder / name).read()) for name in "av"], read_item(
        folder / "v"
    ).ground_truth(0)


def _predictions(folder: Path) -> list[Path]:
    write_unaries(folder / "p/unaries/1", "a", _mask() / np.float32(255))
    write_unaries(folder / "p/unaries/1", "v", np.stack([_mask()] * 2) / np.float32(255))
    return sorted(folder.rglob("*.png"))


def _read_predictions(folder: Path, out: Path) -> Any:
    stored = Predictions([folder / "p"])
    return stored.read("a", 1, SIZE), stored.read("v", 1, (2, *SIZE))


def _fits(folder: Path) -> list[Path]:
    modules = {"representation": {"name": "convex", "dim": 2, "options": {"width": 4}}}
    convex = build("convex", 2, width=4)
    state = {f"representation.{k}": v.detach() for k, v in convex.named_parameters()}
    about = {"settings": {"seed": 7}, "convention": "isotropic"}
    write_fits(folder / "fits.safetensors", [Group({("a", 7): state}, modules)], about)
    return [folder / "fits.safetensors"]


def _read_fits(folder: Path, out: Path) -> Any:
    stored = read_fits(folder / "fits.safetensors")
    module = stored.representation("a")
    return stored.convention, stored.keys, {k: v.numpy() for k, v in module.state_dict().items()}


class _Work:
    """Long work whose state is what it was told."""

    done, total, finished, progress = 0, 1, False, ""

    def __init__(self) -> None:
        self.loaded: Any = None

    def advance(self) -> None:
        """Nothing."""

    def state(self) -> dict[str, Any]:
        """Some."""
        return {"step": 3, "parameters": {"w": torch.arange(6.0)}, "history": [("a", 1, 0.5)]}

    def load_state(self, state: Any) -> None:
        """Takes what it needs, as the engine does."""
        self.loaded = int(state["step"]), state["parameters"]["w"] + 0, list(state["history"])


def _checkpoints(folder: Path) -> list[Path]:
    torch.save({"fingerprint": "f", **_Work().state()}, folder / "a.pt")
    return [folder / "a.pt"]


def _read_checkpoints(folder: Path, out: Path) -> Any:
    work = _Work()
    resumed = resume(folder / "a.pt", work, "f")  # type: ignore[arg-type]
    # A damaged one is left out of account: the work begins anew, which is right.
    return work.loaded if resumed else "anew"


def _cells(folder: Path) -> list[Path]:
    import evaluated_cells

    place = evaluated_cells.whole_cell(folder)
    return [*map(place.joinpath, _CELL_FILES)]


_CELL_FILES = (
    "cell.json",
    "metrics.csv",
    "certificates.csv",
    "outlines/disc.geojson",
    "masks/disc.png",
    "predictor/disc.png",
)


def _read_cells(folder: Path, out: Path) -> Any:
    cell = CellFiles(next(folder.glob("convex-*")))
    item = cell.item("disc")
    region, level = cell.region(item), cell.level(item)
    metrics = read_metrics([cell.folder / "metrics.csv"])
    return (
        None if region is None else region.wkt,
        level,
        metrics.to_csv(),
        cell.certificates.to_csv(),
        vars(cell.view(item))["mask"],
        cell.predictor.title,
    )


def _histories(folder: Path) -> list[Path]:
    rows = {"item": ["disc"] * 3, "seed": [42] * 3, "step": [1, 2, 3]}
    _cells(folder)
    file = next(folder.glob("convex-*")) / "fits/history.parquet"
    pd.DataFrame({**rows, "term": ["loss"] * 3, "value": [1.0, 0.5, 0.25]}).to_parquet(file)
    return [file]


def _read_histories(folder: Path, out: Path) -> Any:
    return history(CellFiles(next(folder.glob("convex-*"))), "disc").to_csv()


# What people write


_CONFIG = """steps: 300
datasets:
  photos: {kind: embedded, items: [coffee, retina], long_side: 100}
  things: {kind: gallery}
predictors:
  fcn: {kind: fcn, scale: 0.5}
studies:
  grid:
    dataset: photos
    settings: {features: rgb+xy, learning_rate: 0.01}
    vary: {predictor: [fcn], fit: [sequential, joint], seed: [1, 2]}
    tables: {t: {kind: table_1, published: false}}
  single:
    dataset: things
    cells:
      saucer: {items: [coffee], constraint: convex, object_weight: 0.5, options: {width: 20}}
"""


def _configs(folder: Path) -> list[Path]:
    (folder / "c.yaml").write_text(_CONFIG)
    return [folder / "c.yaml"]


def _read_configs(folder: Path, out: Path) -> Any:
    # YAML itself is read by Snakemake.
    try:
        content = yaml.safe_load((folder / "c.yaml").read_bytes())
    except Exception:
        return "no YAML"
    return sorted(cell.folder for cell in read_plan(content, root=folder).every_cell)


def _floors(folder: Path) -> list[Path]:
    where = {"against": "ground truth", "fit": "joint"}
    entry = {"study": "s", "where": where, "floor": 0.5, "reason": "r"}
    (folder / "floors.yaml").write_text(yaml.safe_dump([entry, entry]))
    return [folder / "floors.yaml"]


def _read_floors(folder: Path, out: Path) -> Any:
    return [str(each) for each in read_floors(folder / "floors.yaml")]


def _settings(folder: Path) -> list[Path]:
    entry = {"kind": "pictures", "path": "p", "scribble_values": {"none": 0, "foreground": [1, 3]}}
    entry["scribble_values"]["background"] = 2  # type: ignore[index]
    write_json(folder / "a.json", entry)
    return [folder / "a.json"]


def _read_settings(folder: Path, out: Path) -> Any:
    return json.dumps(read_entry(read_json(folder / "a.json")).model_dump(), default=str)


READERS: dict[str, Reader] = {
    "pictures": Reader(_pictures, _read_pictures),
    "label pictures": Reader(_label_pictures, _read_label_pictures),
    "volumes": Reader(_volumes, _read_volumes),
    "label volumes": Reader(_label_volumes, _read_label_volumes),
    "arrays": Reader(_arrays, _read_arrays),
    "own PNG": Reader(_pngs, _read_pngs),
    "own pictures": Reader(_own_pictures, _read_own_pictures),
    "JSON": Reader(_json, lambda folder, _: read_json(folder / "a.json")),
    "frames": Reader(_frames, _read_frames),
    "definitions": Reader(_definitions, _read_definitions, cut=False),
    "FBMS": Reader(_fbms, _read_fbms),
    "archives": Reader(_archives, _read_archives),
    "records": Reader(_records, _read_records),
    "features": Reader(_features, _read_features),
    "published labels": Reader(_published_labels, _read_published_labels),
    "weak labels": Reader(_weak_labels, _read_weak_labels),
    "networks": Reader(_networks, _read_networks),
    "items": Reader(_items, _read_items),
    "predictions": Reader(_predictions, _read_predictions),
    "fits": Reader(_fits, _read_fits),
    "checkpoints": Reader(_checkpoints, _read_checkpoints),
    "cells": Reader(_cells, _read_cells),
    "histories": Reader(_histories, _read_histories),
    "configurations": Reader(_configs, _read_configs, cut=False),
    "floors": Reader(_floors, _read_floors, cut=False),
    "settings": Reader(_settings, _read_settings),
}


def digest(value: Any) -> str:
    """A hash of anything that a reader gives."""
    state = hashlib.sha256()
    _add(state.update, value)
    return state.hexdigest()


def _add(update: Callable[[bytes], None], value: Any) -> None:
    if isinstance(value, np.ndarray):
        update(f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, torch.Tensor):
        _add(update, value.detach().numpy())
    elif isinstance(value, dict):
        for key, each in value.items():
            update(str(key).encode(errors="replace"))
            _add(update, each)
    elif isinstance(value, list | tuple):
        for each in value:
            _add(update, each)
    else:
        update(repr(value).encode(errors="replace"))


__all__ = ["READERS", "Reader", "digest", "partial"]
