"""`seqcli translate`: translate lines with a trained model."""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from seqcli.cli import console, options
from seqcli.cli.models import find_model
from seqcli.cli.options import WIDEST_BEAM, count, number, switch, value
from seqcli.cli.rows import write_json
from seqcli.errors import UsageError

if TYPE_CHECKING:
    from seqcli.translation.translate import Alignment, Candidate, Translation


def translate(
    text: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="Lines to translate; standard input without.")
    ] = None,
    model: options.Model = None,
    beam: Annotated[int, count("Hypotheses kept alive; 1 is greedy.", most=WIDEST_BEAM)] = 5,
    n_best: Annotated[int, count("Translations of each line, best first.")] = 1,
    length_penalty: Annotated[
        float, number("Compare log p / length^X; 0 favours short translations.", least=-10, most=10)
    ] = 1.0,
    max_length: Annotated[int | None, count("Most tokens; by default as many as the training pairs ask for.")] = None,
    no_repeat_ngram: Annotated[
        int, count("No phrase of N tokens comes twice in a translation; 0: any may.", least=0)
    ] = 0,
    keep: options.Keep = None,
    glossary: Annotated[
        str | None, value("FILE", "Terms to use: source term TAB target term, or another form of pairs.")
    ] = None,
    prefix: Annotated[str, value("TEXT", "Every translation begins with this.")] = "",
    ensemble: Annotated[
        list[str] | None,
        value("MODEL", "Average with this model; may be given several times."),
    ] = None,
    min_quality: Annotated[
        float | None, number("Leave lines blank whose estimated chrF is below X (0 to 100).", least=0, most=100)
    ] = None,
    form: Annotated[
        Literal["text", "ndjson"], typer.Option("--format", help="A line a translation, or one JSON object a line.")
    ] = "text",
    attention: Annotated[
        bool, switch("--attention", "Show on standard error what each word was translated from.")
    ] = False,
    plot: Annotated[str | None, value("FILE.svg", "Draw what each word was translated from.")] = None,
    batch_size: Annotated[int, count("Sentences searched side by side.")] = 64,
    device: options.DecodingDevice = "cpu",
    encoding: options.Encoding = "auto",
    errors: options.Errors = "strict",
) -> None:
    """Translate lines: n lines in, n lines out, blank lines stay blank.

    Without --model the newest translation model in checkpoints/ is used. Output begins while input still comes, and
    does not depend on --batch-size.
    """
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.files.output import check_outputs
    from seqcli.text.live import LiveLines
    from seqcli.text.pairs import read_pairs
    from seqcli.translation.beam import Search
    from seqcli.translation.translate import Translator

    if n_best > beam:
        raise UsageError(f"--n-best {n_best} needs as large a --beam", hint=f"add --beam {n_best}")
    if plot is not None and not plot.endswith(".svg"):
        raise UsageError(f"--plot {plot}: pictures are written as SVG", hint="name it FILE.svg")
    for argument in text or ():
        _refuse_file(argument)
    path = find_model(model, "mt")
    check_outputs({"--plot": plot}, [path, *(ensemble or ()), *([glossary] if glossary else []), "-"])
    checkpoints = [load_checkpoint(Path(name), task="mt") for name in (path, *(ensemble or ()))]
    terms = [(p.source, p.target) for p in read_pairs([glossary], encoding=encoding, errors=errors)] if glossary else []
    translator = Translator.load(checkpoints, device, keep=keep or (), glossary=terms, prefix=prefix)
    looking = attention or plot is not None
    if looking and all(checkpoint.config["attention"] == "none" for checkpoint in checkpoints):
        raise UsageError(f"{path} has no attention to show", hint="it was trained with --attention none")
    search = Search(beam, length_penalty, max_length, n_best, looking, no_repeat_ngram)
    lines: Iterable[str]
    ready: Callable[[], bool] | None = None
    if text:
        lines = [line for argument in text for line in options.require_text(argument, "TEXT").split("\n")]
    else:
        console.mention_terminal_input()
        lines = live = LiveLines(encoding=encoding, errors=errors, notice=console.notice)
        ready = live.ready
    if min_quality is not None and translator.quality is None:
        raise UsageError(
            f"--min-quality: {path} cannot estimate quality", hint="models from before it cannot; train anew"
        )
    started, count, cut, poor = time.perf_counter(), 0, 0, 0
    drawn: list[Alignment] = []
    for translation in translator.translate(lines, search, batch_size=batch_size, ready=ready):
        count += 1
        cut += translation.candidates[0].cut
        estimates = [translator.estimate(candidate) for candidate in translation.candidates]
        if min_quality is not None and translation.text and (estimates[0] or 0.0) < min_quality:
            poor += 1
            blank = tuple(replace(candidate, text="") for candidate in translation.candidates)
            translation = replace(translation, candidates=blank)
        if form == "ndjson":
            write_json(_record(translation, estimates, looking))
        elif n_best == 1:
            console.write(translation.text + "\n")
        else:
            for candidate in translation.candidates:
                console.write(f"{count}\t{candidate.score:.4f}\t{candidate.text}\n")
        console.write("", flush=True)
        if looking:
            alignments = translation.candidates[0].alignments
            drawn += alignments if plot is not None else ()
            _show(alignments if attention else ())
    if plot is not None:
        from seqcli.cli.alignment import write_svg

        write_svg(plot, drawn)
        console.notice(f"drawn in {plot}")
    if poor:
        console.notice(f"{poor:,} of {count:,} translations are left blank, being below --min-quality {min_quality:g}")
    if cut:
        console.notice(f"{cut:,} of {count:,} translations were cut; --max-length allows longer ones")
    seconds = time.perf_counter() - started
    console.detail(f"{count:,} lines in {seconds:.2f} s, {count / max(seconds, 1e-9):,.1f} lines/s")


def _refuse_file(argument: str) -> None:
    """`UsageError` for the name of a file where the text itself is expected."""
    with contextlib.suppress(OSError, ValueError):  # too long, or with a zero byte: no file's name
        if Path(argument).is_file():
            raise UsageError(
                f"{argument} is a file, and TEXT is what is translated",
                hint=f"for its lines: seqcli translate < {shlex.quote(argument)}",
            )


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


def _show(alignments: Iterable[Alignment]) -> None:
    from seqcli.cli.alignment import picture

    for alignment in alignments:
        console.notice(picture(alignment))
