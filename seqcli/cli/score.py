"""`seqcli score`: how likely a model finds each line."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqcli.cli import console, options
from seqcli.cli.options import switch
from seqcli.cli.rows import write_rows
from seqcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from seqcli.files.checkpoint import Checkpoint
    from seqcli.model.probability import Score
    from seqcli.text.live import LiveLines

COLUMNS = ("log_probability", "tokens", "perplexity", "text")
TOKEN_COLUMNS = ("line", "token", "surprisal")


def score(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model file.")],
    data: Annotated[str, typer.Argument(metavar="FILE", help="Lines to score, plain or .gz; - is stdin.")] = "-",
    per_token: Annotated[bool, switch("--per-token", "A row for each token, with its surprisal.")] = False,
    form: options.Rows = None,
    encoding: options.Encoding = "utf-8",
    errors: options.Errors = "strict",
    device: options.DecodingDevice = "cpu",
) -> None:
    """Give the log-probability of each line under a model.

    A language model scores lines of text, a translation model the translation in each line of source TAB target.
    Logarithms are natural. n lines in, n rows out, in order; a blank line has no tokens, and no row with --per-token.
    """
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.text.lines import read_lines
    from seqcli.text.live import LiveLines

    checkpoint = load_checkpoint(Path(model))
    lines: Iterable[str]
    ready: Callable[[], bool] | None
    if data == "-":
        console.mention_terminal_input()
        live = LiveLines(encoding=encoding, errors=errors)
        lines, ready = _flushing(live), live.ready
    else:
        lines, ready = read_lines(data, encoding=encoding, errors=errors), None
    if checkpoint.task == "lm":
        rows = _score_text(checkpoint, lines, ready, device, per_token)
    elif checkpoint.task == "mt":
        rows = _score_pairs(checkpoint, lines, ready, data, device, per_token)
    else:
        raise UsageError(f"{model} forecasts: it gives lines no probability", hint="use `seqcli evaluate` for it")
    write_rows(TOKEN_COLUMNS if per_token else COLUMNS, rows, form)


def _flushing(lines: LiveLines) -> Iterator[str]:
    """`lines`; while the next one is waited for, the rows of those before it are with whoever reads them."""
    while True:
        if not lines.ready():
            console.write("", flush=True)
        if (line := next(lines, None)) is None:
            return
        yield line


def _score_text(
    checkpoint: Checkpoint, lines: Iterable[str], ready: Callable[[], bool] | None, device: str, per_token: bool
) -> Iterator[dict[str, Any]]:
    from seqcli.language.decoder import load_language_model
    from seqcli.language.score import score_lines

    decoder, tokenizer = load_language_model(checkpoint, device)
    scores = score_lines(decoder, tokenizer, lines, ready=ready, on_notice=console.notice)
    for number, score in enumerate(scores, start=1):
        yield from _rows(score, number, per_token)


def _score_pairs(
    checkpoint: Checkpoint,
    lines: Iterable[str],
    ready: Callable[[], bool] | None,
    data: str,
    device: str,
    per_token: bool,
) -> Iterator[dict[str, Any]]:
    from seqcli.model.probability import Score
    from seqcli.translation.decoder import load_translation_model
    from seqcli.translation.score import score_pairs

    decoder, tokenizer = load_translation_model(checkpoint, device)
    blank: deque[bool] = deque()  # of the lines that were read and have no row yet

    def pairs() -> Iterator[tuple[str, str]]:
        for number, line in enumerate(lines, start=1):
            blank.append(not line.strip())
            if blank[-1]:
                continue
            source, *targets = line.split("\t")
            if len(targets) != 1 or not source.strip() or not targets[0].strip():
                raise DataError("is not source TAB target", path=data, line=number, hint="put one TAB between the two")
            yield source, targets[0]

    number = 0
    for score in chain(score_pairs(decoder, tokenizer, pairs(), ready=ready), [None]):
        while blank and blank.popleft():
            number += 1
            yield from _rows(Score("", (), ()), number, per_token)
        if score is not None:
            number += 1
            yield from _rows(score, number, per_token)


def _rows(score: Score, number: int, per_token: bool) -> Iterator[dict[str, Any]]:
    """The row of a line, or the rows of its tokens."""
    if per_token:
        for token, surprisal in zip(score.pieces, score.surprisals, strict=True):
            yield dict(zip(TOKEN_COLUMNS, (number, token, surprisal), strict=True))
    else:
        likelihood = (score.log_probability, score.tokens, score.perplexity) if score.tokens else (None, 0, None)
        yield dict(zip(COLUMNS, (*likelihood, score.text), strict=True))
