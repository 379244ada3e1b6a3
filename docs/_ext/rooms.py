"""The directive `rooms`: a picture of tracekit's rooms, made from what they import.

Rows are the layers that `[tool.importlinter]` in pyproject.toml allows. A line is an import that no
longer way stands for: where a room imports one below directly and by way of another room, only the
way is drawn.
"""

from __future__ import annotations

import tomllib
from html import escape
from pathlib import Path

import grimp
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

_ROOT = Path(__file__).parents[2]
_WIDTH, _ROW, _BOX, _CHARACTER, _GAP = 900, 66, 28, 8.2, 14


def layers() -> list[list[str]]:
    """The rooms of each layer, from the top."""
    text = (_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    contracts = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    rows = next(one["layers"] for one in contracts if one["type"] == "layers")
    return [[room.strip() for room in row.split("|")] for row in rows]


def imports(rooms: set[str]) -> dict[str, set[str]]:
    """Room to the rooms that its modules import."""
    graph = grimp.build_graph("tracekit", cache_dir=None)
    found: dict[str, set[str]] = {room: set() for room in rooms}
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            one, other = (name.split(".")[1:2] for name in (module, imported))
            if one and other and one != other and {*one, *other} <= rooms:
                found[one[0]].add(other[0])
    return found


def _below(room: str, found: dict[str, set[str]]) -> set[str]:
    direct = found[room]
    return direct.union(*(_below(other, found) for other in direct))


def needed(found: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The imports without those that a longer way stands for."""
    return sorted(
        (room, other)
        for room, direct in found.items()
        for other in direct
        if not any(other in _below(way, found) for way in direct - {other})
    )


def picture() -> str:
    """The SVG; its colours are the page's."""
    rows = layers()
    middle: dict[str, tuple[float, float]] = {}
    boxes: list[str] = []
    for number, row in enumerate(rows):
        widths = [len(room) * _CHARACTER + 20 for room in row]
        left = (_WIDTH - sum(widths) - _GAP * (len(row) - 1)) / 2
        top = number * _ROW + 4
        for room, width in zip(row, widths, strict=True):
            middle[room] = (left + width / 2, top)
            boxes.append(
                f'<rect x="{left:.0f}" y="{top}" width="{width:.0f}" height="{_BOX}" rx="5"/>'
                f'<text x="{left + width / 2:.0f}" y="{top + 19}">{escape(room)}</text>'
            )
            left += width + _GAP
    lines = []
    for room, other in needed(imports(set(middle))):
        (x, y), (to_x, to_y) = middle[room], middle[other]
        y += _BOX
        bend = (to_y - y) / 2
        curve = (
            f"M{x:.0f} {y} C{x:.0f} {y + bend:.0f} {to_x:.0f} {to_y - bend:.0f} {to_x:.0f} {to_y}"
        )
        lines.append(f'<path d="{curve}"><title>{room} imports {other}</title></path>')
    height = len(rows) * _ROW - _ROW + _BOX + 8
    return (
        f'<div class="rooms"><svg viewBox="0 0 {_WIDTH} {height}" role="img" '
        'aria-label="The rooms of tracekit in layers, and which imports which">'
        '<g fill="none" stroke="var(--color-brand-primary)" stroke-opacity="0.45" '
        f'stroke-width="1.2">{"".join(lines)}</g>'
        '<g fill="var(--color-background-secondary)" stroke="var(--color-foreground-border)" '
        'font-family="var(--font-stack--monospace)" font-size="13" text-anchor="middle">'
        + "".join(boxes).replace(
            "<text", '<text fill="var(--color-foreground-primary)" stroke="none"'
        )
        + "</g></svg></div>"
    )


class Rooms(Directive):
    """Draws the picture."""

    def run(self) -> list[nodes.Node]:
        """Raw HTML: the picture takes the page's colours, light or dark."""
        return [nodes.raw("", picture(), format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx's entry point."""
    app.add_directive("rooms", Rooms)
    return {"parallel_read_safe": True}
