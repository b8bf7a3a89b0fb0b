"""Lines drawn on a PDF page."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

_MOST_OBJECTS = 20_000
_MOST_SEGMENTS = 400
_THICKEST, _SHORTEST = 2.5, 8.0

Move = Callable[[float, float], tuple[float, float]]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin horizontal line drawn on the page."""

    x0: float
    x1: float
    y: float


@dataclass(frozen=True, slots=True)
class Upright:
    """A thin vertical line drawn on the page; y goes downwards."""

    y0: float
    y1: float
    x: float


@dataclass(frozen=True, kw_only=True)
class Rules:
    """A page's lines: `level` ones drawn for themselves, `edges` the level ones of boxes, and all upright ones."""

    level: Sequence[Rule] = ()
    edges: Sequence[Rule] = ()
    upright: Sequence[Upright] = ()


def read_rules(page: pdfium.PdfPage, move: Move) -> Rules:
    """Return the lines drawn on a page, upright however it is turned."""
    level, edges, upright = [], [], []
    for index in range(min(raw.FPDFPage_CountObjects(page), _MOST_OBJECTS)):
        shape = raw.FPDFPage_GetObject(page, index)
        if raw.FPDFPageObj_GetType(shape) != raw.FPDF_PAGEOBJ_PATH:
            continue
        (ax, ay), (bx, by) = low, high = _bounds(shape, move)
        if by - ay < _THICKEST or bx - ax < _THICKEST:
            level += _level(low, high)
            upright += _upright(low, high)
        else:
            for start, end in _segments(shape, move):
                edges += _level(start, end)
                upright += _upright(start, end)
    return Rules(level=_join_rules(level), edges=_join_rules(edges), upright=_join_uprights(upright))


def _bounds(shape: Any, move: Move) -> tuple[Point, Point]:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    raw.FPDFPageObj_GetBounds(shape, left, bottom, right, top)
    ax, ay = move(left.value, bottom.value)
    bx, by = move(right.value, top.value)
    return (min(ax, bx), min(ay, by)), (max(ax, bx), max(ay, by))


def _level(start: Point, end: Point) -> list[Rule]:
    (ax, ay), (bx, by) = start, end
    flat = abs(by - ay) < _THICKEST and abs(bx - ax) > _SHORTEST
    return [Rule(min(ax, bx), max(ax, bx), max(ay, by))] if flat else []


def _upright(start: Point, end: Point) -> list[Upright]:
    (ax, ay), (bx, by) = start, end
    steep = abs(bx - ax) < _THICKEST and abs(by - ay) > _SHORTEST
    return [Upright(min(ay, by), max(ay, by), max(ax, bx))] if steep else []


def _segments(shape: Any, move: Move) -> Iterator[tuple[Point, Point]]:
    """Give the straight lines that a stroked path is made of."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    count = raw.FPDFPath_CountSegments(shape)
    if not raw.FPDFPath_GetDrawMode(shape, fill, stroke) or not stroke.value or not 1 < count <= _MOST_SEGMENTS:
        return
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(shape, matrix)
    first = last = (0.0, 0.0)
    x, y = ctypes.c_float(), ctypes.c_float()
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(shape, index)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = move(
            matrix.a * x.value + matrix.c * y.value + matrix.e, matrix.b * x.value + matrix.d * y.value + matrix.f
        )
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            first = point
        elif kind == raw.FPDF_SEGMENT_LINETO:
            yield last, point
        last = point
        if raw.FPDFPathSegment_GetClose(segment):
            yield last, first
            last = first


def _join_rules(segments: Sequence[Rule]) -> list[Rule]:
    """Join pieces that touch end to end: a border drawn cell by cell is one rule."""
    rules: list[Rule] = []
    for piece in sorted(set(segments), key=lambda r: (round(r.y), r.x0)):
        last = rules[-1] if rules else None
        if last and abs(last.y - piece.y) < 1 and -1 < piece.x0 - last.x1 < 1:
            rules[-1] = Rule(last.x0, piece.x1, last.y)
        else:
            rules.append(piece)
    return rules


def _join_uprights(segments: Sequence[Upright]) -> list[Upright]:
    turned = _join_rules([Rule(piece.y0, piece.y1, piece.x) for piece in segments])
    return [Upright(rule.x0, rule.x1, rule.y) for rule in turned]
