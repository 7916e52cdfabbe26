"""Pictures, drawn by matplotlib: SVG, PNG or PDF, by the ending of their name."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from seqcli.errors import UsageError
from seqcli.notices import Notice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = (".svg", ".png", ".pdf")
# with the characters of Chinese, Japanese and Korean, as systems have them; the default font has none
_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB"),
    *("WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Arial Unicode MS", "Droid Sans Fallback"),
)


def check_picture(path: Path, *others: str) -> None:
    """`UsageError` for a name whose ending is of no kind of picture, and none of the `others` that can be drawn."""
    *kinds, last = (*KINDS, *others)
    if path.suffix.lower() not in (*kinds, last):
        hint = f"name it {', '.join(kinds)} or {last}"
        raise UsageError(f"{str(path)[-100:]}: the ending decides what is drawn", hint=hint)


def drawn(make: Callable[[], Figure], path: Path, on_notice: Notice) -> bytes:
    """The figure that `make` draws, as the ending of `path` says; SVG for other endings. The same figure gives the same
    bytes. `on_notice` is told of characters that no font has."""
    import matplotlib
    from matplotlib.font_manager import fontManager

    form = kind[1:] if (kind := path.suffix.lower()) in KINDS else "svg"
    installed = set(fontManager.get_font_names())
    family = ["DejaVu Sans", *(name for name in _FONTS if name in installed), "sans-serif"]
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    file = io.BytesIO()
    with (
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "seqcli", "font.family": family}),
        warnings.catch_warnings(record=True, action="always") as said,
    ):
        make().savefig(file, format=form, dpi=150, metadata=dates.get(form))
    # in an SVG text stays text, for whose characters the viewer has fonts
    if form != "svg" and any("missing from" in str(one.message) for one in said):
        on_notice(f"{path}: no installed font has all its characters; name it .svg to use the viewer's fonts")
    return file.getvalue()
