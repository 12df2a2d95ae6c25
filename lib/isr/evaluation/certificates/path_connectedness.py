"""The certificate of path-connectedness: structure, sampled margin and raster (proposition 2.3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from isr.coordinates import Points, Scene
from isr.evaluation.certificates.connections import Connection, connect_components, open_hole
from isr.evaluation.certificates.convexity import sampled_convexity
from isr.evaluation.certificates.rounding import (
    EPS,
    bounded,
    largest,
    rounding_scale,
    shrunk,
    tolerance,
)
from isr.evaluation.certificates.scene_grid import SceneGrid
from isr.evaluation.certificates.star_shape import ray_rounding, sampled_rays
from isr.evaluation.certificates.verdicts import (
    Certificate,
    Finding,
    at_most,
    certify_structure,
    joined,
    not_finite,
    sample_points,
    settled_raster,
    unknown,
)
from isr.evaluation.drawing import frozen_copy, level_function
from isr.evaluation.paths import Paths, coarseness
from isr.evaluation.pixels import Components, background_components, components
from isr.levels import foreground
from isr.networks.real_nvp import LOG_SCALE_BOUND as NORM_BOUND
from isr.representations.convex import Convex
from isr.representations.path_connected import LOG_SCALE_BOUND as LINEAR_BOUND
from isr.representations.path_connected import PathConnected
from isr.representations.polar import Polar

PROPERTY = "path-connected"
IN_PICTURE = "connected in the picture"
THIN = "connected, thinner than a pixel"
OUTSIDE = "connected outside the picture"
MAX_HOLES = 40

POINTS = 2000
PAIRS = 200
STEPS = 33
FINE_PAIRS = 8


def certify_path_connected(
    representation: PathConnected, scene: Scene, level: Points, *, seed: int
) -> list[Certificate]:
    """Three certificates: of the stored parameters, of sampled paths, of the drawn `level`."""
    structure = certify_structure(PROPERTY, representation, _bounded_scales(representation))
    if structure.margin == -np.inf:
        return unknown(PROPERTY, structure)
    samples = _Samples(representation, scene, level, seed)
    explained, findings = samples.findings()
    return [
        structure,
        joined(PROPERTY, "sampled margin", findings),
        certify_connection(samples.double, scene, level, explained),
    ]


def _bounded_scales(representation: PathConnected) -> list[Finding]:
    """The log-scales of the linear map and of ActNorm are within their bounds."""
    with torch.no_grad():
        linear = float(representation.linear.log_scale.abs().max())
        norms = float(representation.flow.log_scale.abs().max())
    return [
        Finding(
            bound - value,
            value <= bound,
            f"The largest log-scale of {name} is {value:.3g}, its bound {bound:g}.",
        )
        for name, value, bound in (
            ("the linear map", linear, LINEAR_BOUND),
            ("ActNorm", norms, NORM_BOUND),
        )
    ]


@dataclass(frozen=True, eq=False)
class _Track:
    """Paths between foreground points, in one precision.

    Attributes:
        excess: by how much levels on the paths exceed what convexity allows.
        drift: by how much they differ from the base's levels at the same places.
        ends: how far the paths begin and end from where they should.
    """

    excess: Points
    drift: float
    ends: float


class _Samples:
    """Everything that is sampled of one representation."""

    def __init__(
        self, representation: PathConnected, scene: Scene, level: Points, seed: int
    ) -> None:
        frozen = frozen_copy(representation)
        self.frozen, self.scene, self.seed = frozen, scene, seed
        self.double = Paths(representation)
        self.single = Paths(representation, torch.float32)
        self.generator = np.random.default_rng(seed)
        self.boxes = [scene.box(1.0), scene.box(3.0)]
        low, high = scene.box()
        self.size, self.depth = float((high - low).max()), largest(level)
        self.points = sample_points(self.generator, self.boxes, POINTS)
        images = [self.double.to_base(points) for points in np.split(self.points, 2)]
        self.base_boxes = [(image.min(axis=0), image.max(axis=0)) for image in images]
        far = self.points[foreground(self.double.level(self.points))]
        near = scene.coordinates()[foreground(level)]
        self.inside = [part for part in (near, far) if len(part) > 1]

    def findings(self) -> tuple[float, list[Finding]]:
        """What rounding explains of a level on a path, and all findings, the paths' first."""
        if not all(np.isfinite(edge).all() for box in self.base_boxes for edge in box):
            return 0.0, [not_finite("sampled points")]
        explained, base = self._base()
        explained, paths = self._paths(bounded(explained, self.depth))
        return explained, [*paths, self._round_trip(), self._determinant(), *base]

    def _base(self) -> tuple[float, Sequence[Finding]]:
        """What makes the base convex or star-shaped, where the scene is carried to."""
        base, seed = self.frozen.base, self.seed
        if isinstance(base, Polar):
            explained = ray_rounding(base, self.base_boxes[-1])
            return explained, sampled_rays(base, self.base_boxes, explained, seed=seed)
        assert isinstance(base, Convex)
        bound = np.abs(self.base_boxes[-1]).max(axis=0)
        explained = tolerance(rounding_scale(base.network, bound))
        level = level_function(base)
        return explained, [sampled_convexity(level, self.base_boxes, explained, seed=seed)]

    def _paths(self, explained: float) -> tuple[float, list[Finding]]:
        """Paths between foreground points stay in the foreground, and go where they should."""
        if not self.inside:
            sentence = "Fewer than two foreground points were found, so no path was followed."
            return explained, [Finding(0.0, True, sentence)]
        pairs = [self.generator.choice(part, (2, PAIRS)) for part in self.inside]
        v, w = np.concatenate(pairs, axis=1)
        s = np.linspace(0, 1, STEPS)
        single, double = (_track(each, v, w, s) for each in (self.single, self.double))
        reach = float(np.abs(self.points).max())
        explained += shrunk(single.drift, double.drift, 0.0, extent=self.depth)
        ends = shrunk(single.ends, double.ends, reach, extent=self.size)
        worst = -largest_of(double.excess)
        sentence = (
            f"The smallest gap between levels on {len(v)} paths that join foreground points and "
            f"what convexity allows them is {worst:.3g}; rounding explains {-explained:.3g}."
        )
        return explained, [
            Finding(worst, worst >= -explained, sentence),
            at_most(
                double.ends,
                ends,
                "The paths begin and end where they should but for {value}; rounding {limit}.",
            ),
            self._continuity(v, w),
        ]

    def _continuity(self, v: Points, w: Points) -> Finding:
        """Refined paths come to steps of half a pixel: they do not jump."""
        chosen = self.generator.choice(len(v), FINE_PAIRS)
        spacing = SceneGrid(self.scene).pixel / 2
        worst = max(coarseness(c, spacing) for c in self.double.fine(v[chosen], w[chosen], spacing))
        sentence = "Refined paths move by {value} times half a pixel a step, so they do not jump."
        if not worst <= 1:
            sentence = "Refined paths jump by {value} times the step that they were refined to."
        return at_most(worst, 1.0, sentence)

    def _round_trip(self) -> Finding:
        """The inverse undoes the diffeomorphism, and the other way round."""
        forth = self._errors(lambda p: p.from_base(p.to_base(self.points)) - self.points)
        images = self.double.to_base(self.points)
        back = self._errors(lambda p: p.to_base(p.from_base(images)) - images)
        reach = float(max(np.abs(self.points).max(), np.abs(images).max()))
        single, double = (max(pair) for pair in zip(forth, back, strict=True))
        limit = shrunk(single, double, reach, extent=self.size)
        return at_most(
            double,
            limit,
            "The flow there and back moves points by {value} at most; rounding explains {limit}.",
        )

    def _errors(self, error: Callable[[Paths], Points]) -> tuple[float, float]:
        return largest(error(self.single)), largest(error(self.double))

    def _determinant(self) -> Finding:
        """The Jacobian determinant of the diffeomorphism has the same sign everywhere."""
        x = torch.from_numpy(self.points).requires_grad_(True)
        image = self.frozen.to_base(x)
        rows = [
            torch.autograd.grad(image[:, k].sum(), x, retain_graph=True)[0]
            for k in range(self.scene.dim)
        ]
        jacobian = torch.stack(rows, dim=1).numpy()
        determinant = np.linalg.det(jacobian)
        size = np.linalg.norm(jacobian, axis=(1, 2)) ** self.scene.dim
        # The share of the determinant in the product of its rows' lengths; rounding may turn its
        # sign where that is of the order of the unit roundoff.
        share = determinant / size
        negative = int(np.count_nonzero(~(share > -64 * EPS)))
        sentence = (
            f"The Jacobian determinant is negative at {negative} of {len(share):,} points; it is "
            f"between {determinant.min():.3g} and {determinant.max():.3g}."
        )
        return Finding(float(determinant.min()), negative == 0, sentence)


def _track(paths: Paths, v: Points, w: Points, s: Points) -> _Track:
    on_base = paths.base_points(v, w, s)
    points = paths.from_base(on_base)
    levels, based = paths.level(points), paths.base_level(on_base)
    allowed = paths.bound(based[:, 0], based[:, -1], s)
    ends = max(largest(points[:, 0] - v), largest(points[:, -1] - w))
    return _Track(levels - allowed, largest(levels - based), ends)


def largest_of(values: Points) -> float:
    """The largest value; infinite when one is not finite."""
    return float(values.max()) if np.isfinite(values).all() else np.inf


def certify_connection(paths: Paths, scene: Scene, level: Points, explained: float) -> Certificate:
    """The mask drawn from `level` and, where it is not connected, the paths that connect it.

    The guarantee is about the space, the raster about the picture. So there are three verdicts that
    hold: the mask has one component and, in two dimensions, no hole; it does not, but paths inside
    the region (and out of each hole, outside of the region) connect it within the picture; or some
    of these paths leave the picture. The margin is the side, in pixels, of the samples that show
    every connection: 1 in the mask itself, down to 1/16, and 0 where no tried sampling shows it.

    Args:
        paths: of the representation.
        scene: for which the level was drawn.
        level: as `scene.shape`.
        explained: by how much rounding may lift a level on a path.
    """
    settled = settled_raster(PROPERTY, level)
    if settled is not None:
        return settled
    found = components(foreground(level))
    flat = scene.dim == 2
    if found.count == 1 and (found.euler == 1 or not flat):
        sentence = f"The mask has one component, its Euler number is {found.euler}."
        return joined(PROPERTY, "raster", [Finding(1.0, True, sentence)], IN_PICTURE)
    if scene.third is not None and scene.third.name == "depth":
        sentence = (
            f"The mask has {found.count} components; the region connects them in (x, y, depth), "
            "off the surface that the picture shows."
        )
        return joined(PROPERTY, "raster", [Finding(0.0, True, sentence)], OUTSIDE)
    return _connected(paths, SceneGrid(scene), level, found, explained)


def _connected(
    paths: Paths, grid: SceneGrid, level: Points, found: Components, explained: float
) -> Certificate:
    joins = connect_components(paths, grid, level, found) if found.count > 1 else []
    opened: list[Connection] = []
    count = 0
    if level.ndim == 2:
        labels, count = background_components(level <= 0)
        opened = [
            open_hole(paths, grid, level, labels, hole)
            for hole in range(2, min(count, MAX_HOLES) + 2)
        ]
    made = [*joins, *opened]
    wrong = sum(not (each.worst <= explained) for each in made)
    torn = sum(not each.jump <= 1 for each in made)
    findings = [_drawn(found, count, joins, opened)]
    if wrong or torn:
        sentence = (
            f"Of the {len(made)} paths that should connect the mask {wrong} leave the region and "
            f"{torn} jump."
        )
        findings.append(Finding(float(-wrong - torn), False, sentence))
    outside = any(each.outside > 0 for each in joins)
    return joined(PROPERTY, "raster", findings, OUTSIDE if outside else THIN)


def _drawn(
    found: Components, holes: int, joins: list[Connection], opened: list[Connection]
) -> Finding:
    words = []
    if joins:
        words.append(
            f"In the picture the mask has {found.count} components; {_course(joins)}, and "
            f"{'is' if len(joins) == 1 else 'are'} {_seen(joins)}."
        )
    if opened:
        words.append(
            f"Background that runs out of {_holes(len(opened), holes)} is {_seen(opened)}."
        )
    finest = [1 / each.samples if each.samples else 0.0 for each in [*joins, *opened]]
    return Finding(min(finest), True, " ".join(words))


def _course(joins: list[Connection]) -> str:
    """Where the paths that connect components run."""
    leaving = [each.outside for each in joins if each.outside > 0]
    if len(joins) == 1:
        path = "the path that connects them"
        if leaving:
            return f"{path} leaves it with {leaving[0]:.0%} of its length"
        return f"{path} stays in it"
    if not leaving:
        return f"the {len(joins)} paths that connect them stay in it"
    return (
        f"{len(leaving)} of the {len(joins)} paths that connect them "
        f"{'leaves' if len(leaving) == 1 else 'leave'} it, with up to {max(leaving):.0%} of the "
        "length"
    )


def _holes(followed: int, count: int) -> str:
    if followed < count:
        return f"{followed} of the {count} holes that were followed"
    return "1 hole" if count == 1 else f"{count} holes"


def _seen(made: list[Connection]) -> str:
    """How finely one has to sample to see all connections."""
    hidden = [each.tried for each in made if each.samples is None]
    if not hidden:
        return f"seen with {max(each.samples or 0 for each in made)}x sampling"
    if min(hidden) == 0:
        return "too long to be sampled"
    return f"not found up to {min(hidden)}x sampling"
