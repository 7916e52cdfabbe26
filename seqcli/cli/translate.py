"""`seqcli translate`: translate lines with a trained model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqcli.cli import console
from seqcli.cli.options import ModelChoice, find_model, input_lines, refuse_file, require_text
from seqcli.cli.request import request_command
from seqcli.cli.rows import write_json
from seqcli.errors import UsageError
from seqcli.files.output import write_text
from seqcli.options import option
from seqcli.translation.options import TranslateRequest

if TYPE_CHECKING:
    from seqcli.translation.lines import Alignment, Candidate
    from seqcli.translation.translate import Translation, Translator

_SHADES = " ░▒▓█"
_CELL = 22  # pixels


def picture(alignment: Alignment) -> str:
    """A row per target piece, a column under each source piece, which stands upright, darker for larger weights."""
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
    write_text(Path(path), [text])


def _name(piece: str) -> str:
    return piece.strip() or "␣"


@dataclass(frozen=True, kw_only=True)
class _Asked(TranslateRequest, ModelChoice):
    """What the command is asked for, beside how to translate a line."""

    text: tuple[str, ...] = option(
        (), "Lines to translate; standard input if none are given.", metavar="TEXT", positional=True
    )
    min_quality: float | None = option(None, "Leave lines blank whose estimated chrF is below X (0 to 100).", most=100)
    format: str = option("text", "One translation per line, or one JSON object per line.", choices=("text", "ndjson"))
    attention: bool = option(False, "Show on standard error what each word was translated from.")
    plot: str | None = option(None, "Draw what each word was translated from.", metavar="FILE.svg", kind="output")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.plot is not None and not self.plot.endswith(".svg"):
            raise UsageError(f"--plot {self.plot:.100}: pictures are written as SVG", hint="name it FILE.svg")

    @property
    def looks(self) -> bool:
        """Whether it is asked for what was translated from what."""
        return self.attention or self.plot is not None


def _translate(asked: _Asked) -> None:
    from seqcli.files.output import check_outputs, check_place

    for argument in asked.text:
        refuse_file(argument, "translate")
    path = find_model(asked.model, "mt")
    check_outputs({"--plot": asked.plot}, [path])
    translator = _translator(asked, path)
    if asked.plot is not None:
        check_place(asked.plot)
    lines, ready = _lines(asked)
    started, count, cut, poor = time.perf_counter(), 0, 0, 0
    drawn: list[Alignment] = []
    for translation in translator.translate(lines, asked, attention=asked.looks, ready=ready):
        count += 1
        cut += translation.candidates[0].cut
        estimates = [translator.estimate(candidate) for candidate in translation.candidates]
        if asked.min_quality is not None and translation.text and (estimates[0] or 0.0) < asked.min_quality:
            poor += 1
            blank = tuple(replace(candidate, text="") for candidate in translation.candidates)
            translation = replace(translation, candidates=blank)
        _write(asked, translation, estimates, count)
        if asked.looks:
            alignments = translation.candidates[0].alignments
            drawn += alignments if asked.plot is not None else ()
            for alignment in alignments if asked.attention else ():
                console.notice(picture(alignment))
    if asked.plot is not None:
        write_svg(asked.plot, drawn)
        console.notice(f"drawn in {asked.plot}")
    if poor:
        limit = f"--min-quality {asked.min_quality:g}"
        console.notice(f"{poor:,} of {count:,} translations are left blank, being below {limit}")
    if cut:
        console.notice(f"{cut:,} of {count:,} translations were cut; --max-length allows longer ones")
    seconds = time.perf_counter() - started
    console.detail(f"{count:,} lines in {seconds:.2f} s, {count / max(seconds, 1e-9):,.1f} lines/s")


def _translator(asked: _Asked, path: Path) -> Translator:
    """The model with those it is averaged with; `UsageError` for what they cannot do."""
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.translation.translate import Translator

    translator = Translator.load([load_checkpoint(path, task="mt")], asked)
    if asked.looks and all(decoder.config.attention == "none" for decoder in translator.decoders):
        raise UsageError(f"{path} has no attention to show", hint="it was trained with --attention none")
    if asked.min_quality is not None and translator.quality is None:
        hint = "models from before it cannot; train anew"
        raise UsageError(f"--min-quality: {path} cannot estimate quality", hint=hint)
    return translator


def _lines(asked: _Asked) -> tuple[Iterable[str], Callable[[], bool] | None]:
    """The lines to translate, and for those of standard input what says whether the next one is there."""
    if asked.text:
        return [line for argument in asked.text for line in require_text(argument, "TEXT").split("\n")], None
    return input_lines("-", asked)


def _write(asked: _Asked, translation: Translation, estimates: list[float | None], number: int) -> None:
    if asked.format == "ndjson":
        write_json(_record(translation, estimates, asked.looks))
    elif asked.n_best == 1:
        console.write(translation.text + "\n")
    else:
        for candidate in translation.candidates:
            console.write(f"{number}\t{candidate.score:.4f}\t{candidate.text}\n")
    console.write("", flush=True)


def _record(translation: Translation, estimates: list[float | None], looking: bool) -> dict[str, Any]:
    """The NDJSON object of a line; `score` and `log_probability` are rounded to what does not depend on the batch."""
    best, *others = zip(translation.candidates, estimates, strict=True)

    def fields(candidate: Candidate, estimate: float | None) -> dict[str, Any]:
        return {
            "translation": candidate.text,
            "score": round(candidate.score, 4),
            "log_probability": round(candidate.log_probability, 3),
            "tokens": list(candidate.pieces),
            "cut": candidate.cut,
            "quality": None if estimate is None else round(estimate, 1),
        }

    record = {"source": translation.source, **fields(*best), "source_tokens": list(translation.source_pieces)}
    if looking:
        record["attention"] = [
            {"source": list(part.source), "target": list(part.target), "weights": part.weights.round(4).tolist()}
            for part in best[0].alignments
        ]
    return record | ({"others": [fields(*other) for other in others]} if others else {})


translate = request_command(
    _Asked,
    """Translate lines: n lines in, n lines out, blank lines stay blank.

    Without --model the newest translation model in checkpoints/ is used. Output starts while input is still arriving,
    and does not depend on --batch-size.
    """,
    _translate,
)
