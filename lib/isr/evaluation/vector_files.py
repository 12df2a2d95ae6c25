"""Files of outlines and surfaces: SVG over the picture, GeoJSON, PLY."""

import base64
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image
from shapely import MultiPolygon, Polygon

from isr.evaluation.outlines.marching import Mesh
from isr.io import atomic_path, write_json, write_text

_DECIMALS = 4


def write_svg(
    path: Path,
    outline: Polygon | MultiPolygon,
    image: NDArray[np.uint8],
    *,
    title: str = "",
    colour: str = "#e6007e",
    line_width: float = 1.5,
) -> None:
    """Draw `outline` over `image` as an SVG that needs no other file; written atomically.

    Args:
        path: the file to write.
        outline: in pixel units of the picture; may be empty.
        image: uint8 (h, w) or (h, w, 3), embedded as PNG.
        title: shown as the drawing's name.
        colour: of the line, as SVG understands it.
        line_width: in pixels of the picture.
    """
    height, width = image.shape[:2]
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, format="PNG", optimize=True)
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">',
        f"<title>{escape(title)}</title>",
        f'<image x="0" y="0" width="{width}" height="{height}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>',
        f'<path d="{svg_path(outline)}" fill={quoteattr(colour)} fill-opacity="0.15" '
        f'fill-rule="evenodd" stroke={quoteattr(colour)} stroke-width="{line_width:g}" '
        f'stroke-linejoin="round"/>',
        "</svg>",
    ]
    write_text(path, "\n".join(lines) + "\n")


def svg_path(outline: Polygon | MultiPolygon) -> str:
    """The `d` attribute of an SVG path of all rings of `outline`, in its own units.

    >>> svg_path(Polygon([(0, 0), (2, 0), (2, 1.5)]))
    'M0 0L2 0L2 1.5Z'
    """
    return "".join(f"M{'L'.join(_points(ring))}Z" for ring in _rings(outline))


def _rings(outline: Polygon | MultiPolygon) -> Iterable[NDArray[np.float64]]:
    for part in shapely.get_parts(outline).tolist():
        for ring in () if part.is_empty else (part.exterior, *part.interiors):
            yield np.asarray(ring.coords)[:-1]


def _points(ring: NDArray[np.float64]) -> list[str]:
    # Adding 0 turns -0 into 0.
    rounded = np.round(ring, _DECIMALS) + 0.0
    return [f"{x:.10g} {y:.10g}" for x, y in rounded.tolist()]


def write_geojson(
    path: Path, outline: Polygon | MultiPolygon, properties: Mapping[str, Any]
) -> None:
    """Write `outline` as a GeoJSON feature, atomically.

    Coordinates are (x, y) in pixel units of the picture, y down; they are no longitudes. Rings wind
    as RFC 7946 has it in these numbers: those around regions counterclockwise, holes clockwise.
    """
    feature = {
        "type": "Feature",
        "properties": {"units": "pixels, y down", **properties},
        "geometry": shapely.geometry.mapping(shapely.orient_polygons(outline)),
    }
    write_json(path, feature)


def write_ply(path: Path, surface: Mesh) -> None:
    """Write a surface as binary PLY (vertices as float64), atomically.

    A comment states the unit of its vertices.
    """
    unit = " ".join(surface.unit.encode("ascii", "replace").decode().split())
    header = (
        f"ply\nformat binary_little_endian 1.0\ncomment unit: {unit}\n"
        f"element vertex {len(surface.vertices)}\n"
        "property double x\nproperty double y\nproperty double z\n"
        f"element face {len(surface.faces)}\n"
        "property list uchar int vertex_indices\nend_header\n"
    )
    triangles = np.empty(len(surface.faces), dtype=[("count", "u1"), ("vertices", "<i4", (3,))])
    triangles["count"], triangles["vertices"] = 3, surface.faces
    with atomic_path(path) as temporary:
        temporary.write_bytes(
            header.encode("ascii") + surface.vertices.astype("<f8").tobytes() + triangles.tobytes()
        )
