"""Pictures of alignments: characters for a terminal, SVG for a file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from seqcli.files.output import writing

if TYPE_CHECKING:
    from seqcli.translation.translate import Alignment

_SHADES = " ░▒▓█"
_CELL = 22  # pixels


def picture(alignment: Alignment) -> str:
    """A row per target piece, a column per source piece, darker for larger weights.

    The source pieces are written vertically above their columns.
    """
    names = [_name(piece) for piece in alignment.source]
    margin = max((len(_name(piece)) for piece in alignment.target), default=0)
    height = max(map(len, names), default=0)
    lines = [" " * (margin + 2) + " ".join(name.rjust(height)[row] for name in names).rstrip() for row in range(height)]
    for piece, row in zip(alignment.target, alignment.weights, strict=True):
        shades = (_SHADES[min(int(share * len(_SHADES)), len(_SHADES) - 1)] for share in row)
        lines.append(f"{_name(piece):>{margin}}  {''.join(shade * 2 for shade in shades).rstrip()}")
    return "\n".join(lines) + "\n"


def write_svg(path: str, alignments: Sequence[Alignment]) -> None:
    """The same as an SVG file, several alignments under one another; `SeqcliError` if it cannot be."""
    left = 20 + 9 * max((len(_name(piece)) for part in alignments for piece in part.target), default=0)
    parts, top, width = [], 10, 0
    for part in alignments:
        top += 20 + 9 * max((len(_name(piece)) for piece in part.source), default=0)
        width = max(width, left + _CELL * len(part.source))
        for column, piece in enumerate(part.source):
            x, y = left + _CELL * column + _CELL // 2 + 5, top - 6
            parts.append(f'<text x="{x}" y="{y}" transform="rotate(-90 {x} {y})">{escape(_name(piece))}</text>')
        for row, (piece, shares) in enumerate(zip(part.target, part.weights, strict=True)):
            y = top + _CELL * row
            parts.append(f'<text x="{left - 6}" y="{y + 16}" text-anchor="end">{escape(_name(piece))}</text>')
            for column, share in enumerate(shares):
                parts.append(
                    f'<rect x="{left + _CELL * column}" y="{y}" width="{_CELL - 1}" height="{_CELL - 1}" '
                    f'fill="#1f4e9c" fill-opacity="{float(share):.3f}" stroke="#ddd"/>'
                )
        top += _CELL * len(part.target) + 10
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 20}" height="{top}" '
        f'font-family="sans-serif" font-size="14"><rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )
    with writing(path):
        Path(path).write_text(text, encoding="utf-8")


def _name(piece: str) -> str:
    return piece.strip() or "␣"
