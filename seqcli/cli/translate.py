"""`seqcli translate`: translate lines with a trained model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqcli.cli import console
from seqcli.cli.options import ModelChoice, find_model, input_lines, refuse_file, require_text
from seqcli.cli.request import request_command
from seqcli.cli.rows import write_json
from seqcli.errors import UsageError
from seqcli.files.output import write_bytes
from seqcli.files.pictures import check_picture, drawn
from seqcli.options import option
from seqcli.translation.options import TranslateRequest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from seqcli.translation.lines import Alignment, Candidate
    from seqcli.translation.translate import Translation, Translator

_SHADES = " ░▒▓█"
_CELL = 0.24  # inches
MOST_DRAWN = 300  # rows of a picture


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


def drawing(alignments: Sequence[Alignment]) -> Figure:
    """The same as a figure, several alignments under one another."""
    from matplotlib.figure import Figure

    widest = max(len(part.source) for part in alignments)
    rows = [len(part.target) for part in alignments]
    names = [max(len(_name(piece)) for piece in part.source) for part in alignments]
    size = _CELL * (widest + 6), _CELL * sum(rows) + 0.1 * sum(names) + 0.4 * len(rows)
    figure = Figure(figsize=size, layout="constrained")
    for axes, part in zip(figure.subplots(len(rows), squeeze=False, height_ratios=rows)[:, 0], alignments, strict=True):
        axes.pcolormesh(part.weights, cmap="Blues", vmin=0, vmax=1, edgecolors="#dddddd", linewidth=0.5)
        axes.set(xlim=(0, widest), ylim=(len(part.target), 0), frame_on=False)
        for axis, pieces, angle in ((axes.xaxis, part.source, 90), (axes.yaxis, part.target, 0)):
            places = [place + 0.5 for place in range(len(pieces))]
            axis.set_ticks(places, [_name(piece) for piece in pieces], rotation=angle, fontsize=9, parse_math=False)
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
    return figure


def _name(piece: str) -> str:
    return piece.strip() or "␣"


@dataclass(frozen=True, kw_only=True)
class _Asked(TranslateRequest, ModelChoice):
    text: tuple[str, ...] = option(
        (), "Lines to translate; standard input if none are given.", metavar="TEXT", positional=True
    )
    min_quality: float | None = option(None, "Leave lines blank whose estimated chrF is below X (0 to 100).", most=100)
    format: str = option("text", "One translation per line, or one JSON object per line.", choices=("text", "ndjson"))
    attention: bool = option(False, "Show on standard error what each word was translated from.")
    plot: str | None = option(None, "Draw what each word was translated from: FILE.svg, .png or .pdf.", kind="output")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.plot is not None:
            check_picture(Path(self.plot))

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
    started, count, cut, poor, tabs, objects = time.perf_counter(), 0, 0, 0, 0, 0
    to_draw: list[Alignment] = []
    for translation in translator.translate(lines, asked, attention=asked.looks, ready=ready):
        count += 1
        cut += translation.candidates[0].cut
        tabs += "\t" in translation.source.strip()
        objects += translation.source.lstrip().startswith('{"')
        estimates = [translator.estimate(candidate) for candidate in translation.candidates]
        if asked.min_quality is not None and translation.text and (estimates[0] or 0.0) < asked.min_quality:
            poor += 1
            blank = tuple(replace(candidate, text="") for candidate in translation.candidates)
            translation = replace(translation, candidates=blank)
        _write(asked, translation, estimates, count)
        if asked.looks:
            alignments = translation.candidates[0].alignments
            to_draw += [part for part in alignments if asked.plot is not None and len(part.target)]
            for alignment in alignments if asked.attention else ():
                console.notice(picture(alignment))
    if asked.plot is not None:
        _draw(Path(asked.plot), to_draw)
    if tabs:
        console.notice(
            f"{tabs:,} of {count:,} lines hold TABs and were translated whole; cut -f1 takes the first column"
        )
    if objects:
        console.notice(f"{objects:,} of {count:,} lines are JSON and were translated whole; jq -r .NAME takes a field")
    if poor:
        limit = f"--min-quality {asked.min_quality:g}"
        console.notice(f"{poor:,} of {count:,} translations are left blank, being below {limit}")
    if cut:
        console.notice(f"{cut:,} of {count:,} translations were cut; --max-length allows longer ones")
    seconds = time.perf_counter() - started
    console.detail(f"{count:,} lines in {seconds:.2f} s, {count / max(seconds, 1e-9):,.1f} lines/s")


def _draw(path: Path, alignments: Sequence[Alignment]) -> None:
    """Draw as many of the alignments as make a picture."""
    if not alignments:
        console.notice("nothing is drawn: there are no words")
        return
    rows = accumulate(len(part.target) for part in alignments)
    shown = [part for part, row in zip(alignments, rows, strict=True) if row <= MOST_DRAWN] or alignments[:1]
    write_bytes(path, [drawn(lambda: drawing(shown), path, console.notice)])
    left = f", the first {len(shown):,} of {len(alignments):,}" if len(shown) < len(alignments) else ""
    console.notice(f"drawn in {path}{left}")


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
