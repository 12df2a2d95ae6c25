"""What the jobs of a plan will cost, before any runs: time and disk, from measured steps."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from isr import job_costs
from isr.config import step_costs
from isr.config.displays import Displays
from isr.config.plan import Cell, Key, Share
from isr.data.kinds.base import Extent
from isr.io import read_json
from isr.job_costs import duration
from isr.predictors import Computed, Trained
from isr.predictors.base import PredictorKind, is_framewise, trains_along
from isr.predictors.segment_anything import SegmentAnything
from isr.predictors.unet import UNet
from isr.settings import SPATIO_TEMPORAL, CellSettings

Add = Callable[[str, str, str, "Cost"], None]

SLACK = 4.0
"""How many times its forecast a job asks for."""
LEAST_MINUTES = 15
"""That a job asks for at least."""


@dataclass(frozen=True)
class Cost:
    """What a job is expected to cost.

    Attributes:
        seconds: that it runs.
        gpu: whether on a GPU; else on a core.
        size: bytes that it leaves.
    """

    seconds: float
    gpu: bool = False
    size: float = 0.0

    def minutes(self, attempt: int) -> int:
        """Whole minutes to ask for: with slack, and more at every further attempt."""
        return attempt * max(LEAST_MINUTES, math.ceil(SLACK * self.seconds / 60))


@dataclass(frozen=True)
class Planned:
    """A job with its cost.

    Attributes:
        rule: of the workflow.
        name: of the job, as in the files of its rule's logs.
        study: the first that needs it.
        cost: that is expected.
    """

    rule: str
    name: str
    study: str
    cost: Cost


class Forecast:
    """The costs of the jobs of a plan.

    Args:
        displays: tables and figures, with the plan and its jobs.
    """

    def __init__(self, displays: Displays) -> None:
        self.displays, self.jobs, self.plan = displays, displays.jobs, displays.plan
        self.gpu = self.plan.config.device == "cuda"
        self._extents: dict[tuple[str, str], Extent] = {}

    def extent(self, dataset: str, item: str) -> Extent:
        """The size of an item: as it was unpacked, else as far as its kind of data set knows it."""
        if (dataset, item) not in self._extents:
            about = Path(self.plan.root, "resources/datasets", dataset, item, "item.json")
            if about.exists():
                known = read_json(about)
                found = Extent(known["frames"], known["height"], known["width"])
            else:
                found = self.plan.dataset(dataset).extent(item, self.plan.root)
            self._extents[dataset, item] = found
        return self._extents[dataset, item]

    # Fits

    def fit(self, study: str, batch: str, part: int) -> Cost:
        """Of a part of a batch."""
        cell, works = self.plan.batch(study, batch)[0], self.plan.parts(study, batch)[part]
        by_video: dict[bool, list[Key]] = {False: [], True: []}
        for item, seed in works:
            video = self.plan.known(cell.dataset, item).third == "t"
            by_video[is_framewise(cell.settings, video)].append((item, seed))
        seconds, size = self._wholes(cell, by_video[False])
        more = self._framewise(cell, by_video[True])
        return self._cost(seconds + more[0], size + more[1])

    def _cost(self, seconds: float, size: float) -> Cost:
        return Cost(step_costs.START[self.gpu] + seconds, self.gpu, size)

    def _wholes(self, cell: Cell, works: Sequence[Key]) -> tuple[float, float]:
        """Seconds and bytes of fits of whole items."""
        if not works:
            return 0.0, 0.0
        settings = cell.settings
        step = self._step(settings, len(works))
        predictor = self.plan.predictor(settings)
        if trains_along(predictor, settings, self.plan.config.protocol):
            step += self._predictor_step(predictor, cell.dataset, works)
        orders = settings.options.get("order")
        tried = len(orders) if isinstance(orders, list) else 1
        steps = (settings.steps or 0) * (1 + 0.2 * (tried - 1))
        return steps * step, len(works) * self._bytes(settings)

    def _framewise(self, cell: Cell, works: Sequence[Key]) -> tuple[float, float]:
        """Seconds and bytes of fits of videos frame by frame."""
        if not works:
            return 0.0, 0.0
        settings = cell.settings
        frames = [self.extent(cell.dataset, item).frames for item, _ in works]
        size = sum(frames) * self._bytes(settings)
        predictor = self.plan.predictor(settings)
        if settings.fit == "joint":
            seconds = 0.0
            for item, count in zip((item for item, _ in works), frames, strict=True):
                step = self._unet_step(predictor, cell.dataset, item) + self._step(settings, 1)
                seconds += settings.epochs * count * step
            return seconds, size + len(works) * step_costs.unet_bytes(_width(predictor))
        steps = [settings.first_steps + settings.next_steps * (count - 1) for count in frames]
        if self.gpu:  # Side by side: the longest is waited for.
            return max(steps) * self._step(settings, len(works)), size
        return sum(steps) * self._step(settings, 1), size

    def _step(self, settings: CellSettings, problems: int) -> float:
        """Seconds of a step of some representations."""
        points = 1.0
        if settings.points is not None and not self.gpu:
            points = (settings.points.strokes + settings.points.random) / 1000
        usual = step_costs.PROJECTION["path_connected"]
        step = step_costs.PROJECTION.get(settings.constraint, usual)
        return points * step.seconds(problems, self.gpu)

    def _bytes(self, settings: CellSettings) -> float:
        bent = settings.constraint == "path_connected"
        return step_costs.REPRESENTATION_BYTES * (1.5 if bent else 1.0)

    # Predictions

    def predict(self, share: Share) -> Cost:
        """Of a prediction job."""
        predictor = self.plan.predictor(share.settings)
        extents = [self.extent(share.dataset, item) for item, _ in share.works]
        size = sum(each.pixels * each.frames for each in extents) * step_costs.PREDICTION_BYTES
        if isinstance(predictor, UNet):
            return self._train_unet(predictor, share, size)
        if isinstance(predictor, Trained):
            step = self._predictor_step(predictor, share.dataset, share.works)
            return self._cost(self.plan.config.steps * step, size + 1e5 * len(share.works))
        return self._compute(predictor, share, size)

    def _train_unet(self, predictor: UNet, share: Share, size: float) -> Cost:
        size += step_costs.unet_bytes(predictor.width)
        step = max(self._unet_step(predictor, share.dataset, item) for item, _ in share.works)
        frames = sum(self.extent(share.dataset, item).frames for item, _ in share.works)
        return self._cost(max(predictor.min_steps, predictor.epochs * frames) * step, size)

    def _compute(self, predictor: PredictorKind, share: Share, size: float) -> Cost:
        # What does not draw is computed once for seeds that see the same.
        once = not (isinstance(predictor, Computed) and predictor.draws)
        works = {(item, 0) for item, _ in share.works} if once else set(share.works)
        if share.settings.corruption != "clean":
            works = set(share.works)
        if isinstance(predictor, SegmentAnything):
            each = step_costs.SEGMENT_ANYTHING[predictor.model][self.gpu]
            return self._cost(each * len(works), size)
        pixels = sum(self.extent(share.dataset, item).pixels for item, _ in works)
        return self._cost(step_costs.OTHER_COMPUTED * pixels / step_costs.UNIT, size)

    def _predictor_step(
        self, predictor: PredictorKind, dataset: str, works: Sequence[Key]
    ) -> float:
        """Seconds of a step of a predictor that is trained on scribbles, of all problems."""
        if not (isinstance(predictor, Trained) and predictor.sees_pictures):
            return step_costs.PIXELWISE.seconds(len(works), self.gpu)
        pixels = [self.extent(dataset, item).pixels for item, _ in works]
        per_pixel = step_costs.CNN_PIXEL.seconds(1, self.gpu)
        return sum(pixels) * predictor.scale**2 * per_pixel

    def _unet_step(self, predictor: PredictorKind, dataset: str, item: str) -> float:
        pixels = self.extent(dataset, item).pixels * predictor.scale**2
        return step_costs.unet_step(_width(predictor), pixels, self.gpu)

    # The work around them, on cores

    def evaluate(self, cell: Cell) -> Cost:
        """Of the evaluation of a cell."""
        by_frame = step_costs.EVALUATION.get(cell.settings.constraint, step_costs.OTHER_EVALUATION)
        seconds, size = step_costs.START[False], 0.0
        for item in cell.items:
            extent = self.extent(cell.dataset, item)
            framewise = extent.frames == 1 or cell.settings.fit != SPATIO_TEMPORAL
            volume = self.plan.known(cell.dataset, item).third == "z"
            fixed, more = by_frame if framewise and not volume else step_costs.OTHER_EVALUATION
            seconds += extent.frames * (fixed + more * extent.pixels / step_costs.UNIT)
            size += extent.frames * (
                step_costs.CELL_BYTES[0] + step_costs.CELL_BYTES[1] * extent.pixels
            )
        return Cost(seconds, size=size)

    def unpack(self, dataset: str, item: str) -> Cost:
        """Of the unpacking of an item."""
        extent = self.extent(dataset, item)
        seconds = step_costs.START[False] + 0.1 * extent.frames
        return Cost(seconds, size=step_costs.ITEM_BYTES * extent.pixels * extent.frames)

    def label(self, dataset: str, item: str) -> Cost:
        """Of the weak labels of a video."""
        extent = self.extent(dataset, item)
        pixels = extent.pixels * extent.frames
        seconds = step_costs.START[False] + step_costs.LABELS * pixels / step_costs.UNIT
        return Cost(seconds, size=step_costs.LABEL_BYTES * pixels)

    def features(self, dataset: str, items: Iterable[str]) -> Cost:
        """Of the semantic features of some items."""
        pixels = sum(self.extent(dataset, item).pixels for item in items)
        seconds = step_costs.START[False] + step_costs.FEATURES * pixels / step_costs.UNIT
        return Cost(seconds, size=step_costs.FEATURE_BYTES * pixels)

    # All of it

    @cached_property
    def every_job(self) -> list[Planned]:
        """All jobs of the plan but downloads, each with the first study that needs it."""
        found: dict[tuple[str, str], Planned] = {}

        def add(rule: str, name: str, study: str, cost: Cost) -> None:
            found.setdefault((rule, name), Planned(rule, name, study, cost))

        for cell in self.plan.every_cell:
            self._add_data(cell, add)
            for share in self.plan.shares_of(cell, cell.works):
                place = f"{share.dataset}/{share.network}/{share.name}"
                add("predict", place, cell.study, self.predict(share))
            for part in self.plan.parts_of(cell, cell.works):
                place = f"{cell.study}/{cell.batch}/part-{part}"
                add("fit", place, cell.study, self.fit(cell.study, cell.batch, part))
            add("evaluate", f"{cell.study}/{cell.name}", cell.study, self.evaluate(cell))
        for name, display in self.displays.tables.items():
            add("tabulate", name, display.study, Cost(step_costs.DISPLAYS["tabulate"]))
        for name, display in self.displays.figures.items():
            rule = "animate" if display.entry.animated else "draw"
            add(rule, name, display.study, Cost(step_costs.DISPLAYS[rule], size=5e5))
            add("report", "report", cell.study, Cost(step_costs.DISPLAYS["report"], size=2e7))
        return list(found.values())

    def _add_data(self, cell: Cell, add: Add) -> None:
        for item in cell.items:
            add("unpack", f"{cell.dataset}/{item}", cell.study, self.unpack(cell.dataset, item))
        inputs = self.jobs.evaluate_inputs(cell.study, cell.name)
        for folder in inputs.get("labels", []):
            place = folder.removeprefix("resources/labels/")
            add("label", place, cell.study, self.label(cell.dataset, Path(folder).name))
        for folder in inputs.get("semantic", []):
            place = folder.removeprefix("resources/features/")
            items = self.plan.items(cell.dataset)
            add("features", place, cell.study, self.features(cell.dataset, items))

    def overview(self) -> str:
        """Study by study: jobs, time on GPUs and on cores, the longest job, and disk."""
        rows: list[tuple[str, ...]] = [("", "jobs", "GPU time", "CPU time", "longest job", "disk")]
        for study in self.plan.cells:
            rows.append((study, *_summed([job for job in self.every_job if job.study == study])))
        rows.append(("together", *_summed(self.every_job)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(f"{word:{width}}" for word, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, *self._remarks()])

    def _remarks(self) -> list[str]:
        """What the hours are of, what is guessed, what comes on top, and what has run."""
        device = "an NVIDIA H200" if self.gpu else "one core (device: cuda plans for GPUs)"
        lines = [f"Forecast from steps measured on {device}. Downloads come on top of the disk."]
        guessed = [item for (_, item), each in self._extents.items() if each.guessed]
        if guessed:
            lines.append(
                f"Sizes of {len(guessed)} items are guessed until they are unpacked, such as "
                f"{guessed[-1]}."
            )
        ran = job_costs.since(0, self.jobs.benchmarks())
        planned = {(job.rule, job.name): job.cost.seconds for job in self.every_job}
        known = [job for job in ran if (job.rule, job.name) in planned]
        if known:
            before = sum(planned[job.rule, job.name] for job in known)
            took = sum(job.costs["s"] for job in known)
            busy = sum(job.costs.get("cpu_time", 0.0) for job in known)
            lines.append(
                f"{len(known)} of these jobs have run: forecast {duration(before)}, they took "
                f"{duration(took)}, and {duration(busy)} of a core."
            )
        return lines


def _width(predictor: PredictorKind) -> int:
    """Of a network that sees frames; of one that is no UNet, as if it were the paper's."""
    return predictor.width if isinstance(predictor, UNet) else 64


def _summed(jobs: Sequence[Planned]) -> tuple[str, ...]:
    times = [sum(job.cost.seconds for job in jobs if job.cost.gpu == gpu) for gpu in (True, False)]
    longest = max(jobs, key=lambda job: job.cost.seconds, default=None)
    size = sum(job.cost.size for job in jobs)
    return (
        str(len(jobs)),
        *(duration(each) if each else "-" for each in times),
        "-" if longest is None else f"{duration(longest.cost.seconds)} ({longest.rule})",
        f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.0f} MB",
    )
