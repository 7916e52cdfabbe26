"""`seqcli score`: how likely a model finds each line."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from seqcli.cli import console, options
from seqcli.cli.options import RowFormat, choice, switch
from seqcli.cli.rows import write_rows
from seqcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from seqcli.files.checkpoint import Checkpoint
    from seqcli.model.probability import Score
    from seqcli.text.live import LiveLines

LANGUAGE = "Language models"  # a section of --help
COLUMNS = ("log_probability", "tokens", "perplexity", "text")
TEXT_COLUMNS = (*COLUMNS[:-1], "unknown", "text")  # of a language model
TOKEN_COLUMNS = ("line", "token", "surprisal")
PAIR_COLUMNS = ("group", "pairs", "accuracy")


def score(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model file.")],
    data: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="Lines to score, or pairs; for pairs also a source and a target file."),
    ] = None,
    per_token: Annotated[bool, switch("--per-token", "A row for each token, with its surprisal.")] = False,
    unit: Annotated[Literal["nats", "bits"], choice("Unit of surprisals and log-probabilities.", LANGUAGE)] = "nats",
    line_end: Annotated[
        bool, switch("--line-end/--no-line-end", "Whether the end of a line is one of its tokens.", LANGUAGE)
    ] = True,
    per_word: Annotated[
        bool, switch("--per-word", "A row for each word, with where it begins and its surprisal.", LANGUAGE)
    ] = False,
    context: Annotated[
        bool, switch("--context", "Read each line after those before it, as one text.", LANGUAGE)
    ] = False,
    pairs: Annotated[
        bool,
        switch(
            "--pairs",
            "Minimal pairs, good TAB bad, or group TAB good TAB bad: how often the good one is likelier.",
            LANGUAGE,
        ),
    ] = False,
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
        _score_language(
            checkpoint,
            inputs[0],
            ready,
            files[0],
            _Asked(per_token, per_word, pairs, unit, line_end, context),
            device,
            form,
        )
        return
    if per_word or pairs or unit != "nats" or not line_end or context:
        named = "--per-word, --pairs, --unit, --context and --no-line-end"
        raise UsageError(f"{named} are for language models", hint="leave them out")
    write_rows(TOKEN_COLUMNS if per_token else COLUMNS, scored, form)


def _flushing(lines: LiveLines) -> Iterator[str]:
    """`lines`; while the next one is waited for, the rows of those before it are with whoever reads them."""
    while True:
        if not lines.ready():
            console.write("", flush=True)
        if (line := next(lines, None)) is None:
            return
        yield line


@dataclass(frozen=True)
class _Asked:
    """What is wanted of the lines that a language model scores."""

    per_token: bool
    per_word: bool
    pairs: bool
    unit: Literal["nats", "bits"]
    line_end: bool
    context: bool

    def __post_init__(self) -> None:
        if self.context and (self.pairs or not self.line_end):
            raise UsageError("--context reads whole lines of one text", hint="leave --pairs and --no-line-end out")

    @property
    def scale(self) -> float:
        """What nats are multiplied with."""
        return 1.0 if self.unit == "nats" else 1 / math.log(2)


def _score_language(
    checkpoint: Checkpoint,
    lines: Iterable[str],
    ready: Callable[[], bool] | None,
    path: str,
    asked: _Asked,
    device: str,
    form: RowFormat | None,
) -> None:
    from seqcli.language.decoder import load_language_model
    from seqcli.language.score import score_lines, score_text, word_surprisals

    decoder, tokenizer = load_language_model(checkpoint, device)

    def scored(texts: Iterable[str]) -> Iterator[Score]:
        if asked.context:
            return score_text(decoder, tokenizer, texts)
        return score_lines(decoder, tokenizer, texts, line_end=asked.line_end, ready=ready, on_notice=console.notice)

    if asked.pairs:
        write_rows(PAIR_COLUMNS, _minimal_pairs(lines, path, scored), form)
        return
    if asked.per_token or asked.per_word:
        rows = (
            {"line": number, "start": start, "token": piece, "surprisal": asked.scale * surprisal, "unknown": unknown}
            for number, score in enumerate(scored(lines), start=1)
            for start, piece, surprisal, unknown in word_surprisals(score, whole_words=asked.per_word)
        )
        write_rows(("line", "start", "token", "surprisal", "unknown"), rows, form)
        return
    write_rows(TEXT_COLUMNS, (_text_row(score, asked.scale) for score in scored(lines)), form)


def _text_row(score: Score, scale: float) -> dict[str, Any]:
    likelihood = (score.log_probability * scale, score.tokens, score.perplexity) if score.tokens else (None, 0, None)
    return dict(zip(TEXT_COLUMNS, (*likelihood, len(score.unknown), score.text), strict=True))


def _minimal_pairs(
    lines: Iterable[str], path: str, scored: Callable[[Iterable[str]], Iterator[Score]]
) -> list[dict[str, Any]]:
    """The share of pairs whose good text is likelier, of each group in the order of the file, and of all."""
    groups: list[str] = []
    texts: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        *group, good, bad = line.split("\t") if line.count("\t") in (1, 2) else ("", "", "")
        if not good.strip() or not bad.strip():
            raise DataError(
                "is neither good TAB bad nor group TAB good TAB bad", path=path, line=number, hint="put TABs between"
            )
        groups.append(group[0] if group else "")
        texts += [good, bad]
    likelihoods = [score.log_probability for score in scored(texts)]
    right: dict[str, list[bool]] = {}
    for group_name, good_one, bad_one in zip(groups, likelihoods[::2], likelihoods[1::2], strict=True):
        right.setdefault(group_name, []).append(good_one > bad_one)
    rows = [{"group": name, "pairs": len(own), "accuracy": sum(own) / len(own)} for name, own in right.items() if name]
    every = [outcome for own in right.values() for outcome in own]
    if not every:
        raise DataError("there are no pairs", path=path, hint="give lines of good TAB bad")
    return [*rows, {"group": "all", "pairs": len(every), "accuracy": sum(every) / len(every)}]


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
