"""Areas cut to the frame of a picture."""

from typing import Any

from shapely import MultiPolygon, Polygon, box, get_parts, make_valid


def clip(area: Any, height: int, width: int) -> Polygon | MultiPolygon:
    """The polygons of a geometry in pixel units, made valid and cut to the frame."""
    inside = make_valid(make_valid(area).intersection(box(0, 0, width, height)))
    parts = [
        part
        for whole in get_parts(inside).tolist()
        for part in get_parts(whole).tolist()
        if isinstance(part, Polygon) and part.area > 0
    ]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts) if parts else Polygon()
