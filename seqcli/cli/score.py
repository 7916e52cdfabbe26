"""`seqcli score`: how likely a model finds each line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqcli.cli import console, options
from seqcli.cli.options import switch
from seqcli.cli.rows import write_rows
from seqcli.errors import UsageError

if TYPE_CHECKING:
    from seqcli.files.checkpoint import Checkpoint
    from seqcli.model.probability import Score
    from seqcli.text.live import LiveLines

COLUMNS = ("log_probability", "tokens", "perplexity", "text")
TOKEN_COLUMNS = ("line", "token", "surprisal")


def score(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model file.")],
    data: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="Lines to score, or pairs; for pairs also a source and a target file."),
    ] = None,
    per_token: Annotated[bool, switch("--per-token", "A row for each token, with its surprisal.")] = False,
    columns: options.Columns = None,
    skip_bad: options.SkipBad = False,
    form: options.Rows = None,
    encoding: options.Encoding = "auto",
    errors: options.Errors = "strict",
    device: options.DecodingDevice = "cpu",
) -> None:
    """Give the log-probability of each line under a model.

    A language model scores lines of text, a translation model the translation in each pair, a tagger the labels of
    each sentence, a speech recogniser the transcript of each recording in a table. Without FILE, and for -, standard
    input is read, for pairs source TAB target. Logarithms are natural. n lines (sentences) in, n rows out, in order; a
    blank line has no tokens, and no row with --per-token.
    """
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.text.lines import read_lines
    from seqcli.text.live import LiveLines

    checkpoint = load_checkpoint(Path(model))
    files = data or ["-"]
    if checkpoint.task == "asr":
        recordings = _score_recordings(checkpoint, files, columns, skip_bad, encoding, errors, per_token)
        write_rows(TOKEN_COLUMNS if per_token else COLUMNS, recordings, form)
        return
    ready: Callable[[], bool] | None = None
    inputs: list[Iterable[str]] = []
    for path in files:
        if path == "-":
            console.mention_terminal_input()
            live = LiveLines(encoding=encoding, errors=errors, notice=console.notice)
            inputs.append(_flushing(live))
            ready = live.ready
        else:
            inputs.append(read_lines(path, encoding=encoding, errors=errors, notice=console.notice))
    if checkpoint.task == "mt":
        rows = _pair_rows(files, inputs, columns, skip_bad)
        scored = _score_pairs(checkpoint, rows, ready if len(files) == 1 else None, device, per_token)
    elif checkpoint.task == "tag":
        if len(files) > 1 or columns is not None:
            raise UsageError("a tagger scores the labels of one file", hint="give one file, without --columns")
        scored = _score_labels(checkpoint, inputs[0], files[0], ready, per_token)
    elif checkpoint.task != "lm":
        raise UsageError(f"{model} forecasts: it gives lines no probability", hint="use `seqcli evaluate` for it")
    elif len(files) > 1 or columns is not None:
        raise UsageError("a language model scores the lines of one file", hint="give one file, without --columns")
    else:
        scored = _score_text(checkpoint, inputs[0], ready, device, per_token)
    write_rows(TOKEN_COLUMNS if per_token else COLUMNS, scored, form)


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


def _pair_rows(
    files: Sequence[str], inputs: Sequence[Iterable[str]], columns: str | None, skip_bad: bool
) -> Iterator[tuple[str, str]]:
    """The two sides of each line, both empty for a blank one; from stdin they come as the lines do."""
    from seqcli.text.pair_formats import SAMPLE, Columns, PairFile
    from seqcli.text.pairs import aligned_rows, are_aligned, usable

    named = Columns.parse(columns)
    live = files == ["-"]
    lines = iter(inputs[0])
    if live:  # nothing is known of the form before the first line with text: those before have their rows at once
        for line in lines:
            if line.strip():
                inputs = [chain([line], lines)]
                break
            yield "", ""
    opened = [
        PairFile.open(path, given, named, sample=1 if live else SAMPLE)
        for path, given in zip(files, inputs, strict=True)
    ]
    paired = are_aligned(opened)
    for file, rows in [(opened[0], aligned_rows(opened))] if paired else [(file, file.rows()) for file in opened]:
        for row in rows:
            yield usable(file, row, skip_bad)
        for note in file.notes:
            console.notice(note)


def _score_pairs(
    checkpoint: Checkpoint,
    pairs: Iterable[tuple[str, str]],
    ready: Callable[[], bool] | None,
    device: str,
    per_token: bool,
) -> Iterator[dict[str, Any]]:
    from seqcli.translation.decoder import load_translation_model
    from seqcli.translation.preprocessing import Preprocessing
    from seqcli.translation.score import score_pairs

    decoder, tokenizer = load_translation_model(checkpoint, device)
    preprocessing = Preprocessing.of(checkpoint.blobs)
    for number, score in enumerate(
        score_pairs(decoder, tokenizer, pairs, preprocessing=preprocessing, ready=ready), start=1
    ):
        yield from _rows(score, number, per_token)


def _score_labels(
    checkpoint: Checkpoint, lines: Iterable[str], path: str, ready: Callable[[], bool] | None, per_token: bool
) -> Iterator[dict[str, Any]]:
    from seqcli.tagging.score import score_labels
    from seqcli.tagging.tag import Tagger

    tagger = Tagger.load(checkpoint)
    name = "standard input" if path == "-" else path
    scores = score_labels(tagger, tagger.format.read(lines, name), name, ready=ready)
    for number, score in enumerate(scores, start=1):
        yield from _rows(score, number, per_token)


def _score_recordings(
    checkpoint: Checkpoint,
    files: Sequence[str],
    columns: str | None,
    skip_bad: bool,
    encoding: str,
    errors: str,
    per_token: bool,
) -> Iterator[dict[str, Any]]:
    from seqcli.speech.decoder import load_recogniser
    from seqcli.speech.recordings import read_recordings
    from seqcli.speech.score import score_recordings
    from seqcli.speech.table import Columns

    decoder, tokenizer = load_recogniser(checkpoint)
    recordings = read_recordings(
        files,
        Columns.of(columns),
        encoding=encoding,
        errors=errors,
        lowercase=decoder.config.lowercase,
        skip_bad=skip_bad,
        notice=console.notice,
    )
    for number, score in enumerate(score_recordings(decoder, tokenizer, recordings), start=1):
        yield from _rows(score, number, per_token)


def _rows(score: Score, number: int, per_token: bool) -> Iterator[dict[str, Any]]:
    """The row of a line, or the rows of its tokens."""
    if per_token:
        for token, surprisal in zip(score.pieces, score.surprisals, strict=True):
            yield dict(zip(TOKEN_COLUMNS, (number, token, surprisal), strict=True))
    else:
        likelihood = (score.log_probability, score.tokens, score.perplexity) if score.tokens else (None, 0, None)
        yield dict(zip(COLUMNS, (*likelihood, score.text), strict=True))
