"""`seqcli score`: how likely a model finds each line."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqcli.cli import console
from seqcli.cli.options import ModelArgument, RowOutput, input_lines
from seqcli.cli.request import Given, request_of, tasks_command
from seqcli.cli.rows import write_rows
from seqcli.errors import DataError, UsageError
from seqcli.files.opening import shown_path
from seqcli.language.options import ScoreRequest as LineRequest
from seqcli.requests import ScoringRequest
from seqcli.speech.options import ScoreRequest as RecordingRequest
from seqcli.tagging.options import ScoreRequest as LabelRequest
from seqcli.translation.options import ScoreRequest as PairRequest

if TYPE_CHECKING:
    from seqcli.files.checkpoint import Checkpoint
    from seqcli.model.probability import Score

COLUMNS = ("log_probability", "tokens", "perplexity", "text")
TEXT_COLUMNS = (*COLUMNS[:-1], "unknown", "text")  # of a language model
TOKEN_COLUMNS = ("line", "token", "surprisal")
WORD_COLUMNS = ("line", "start", "token", "surprisal", "unknown")  # of a language model
PAIR_COLUMNS = ("group", "pairs", "accuracy")


@dataclass(frozen=True, kw_only=True)
class _Asked(ModelArgument, RowOutput):
    """What the command is asked for, whatever the model."""


def _score(asked: _Asked, given: Given) -> None:
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.models import of_checkpoint

    model = of_checkpoint(load_checkpoint(Path(asked.model)), None)
    if model.task not in SCORES:
        hint = "use `seqcli evaluate` for it"
        raise UsageError(f"{asked.model} forecasts: it gives lines no probability", hint=hint)
    _, request, scores = SCORES[model.task]
    columns, rows = scores(model.checkpoint, request_of(request, given, model.task_name(), REQUESTS.values()))
    write_rows(columns, rows, asked.format)


def _opened(request: ScoringRequest) -> tuple[list[Iterable[str]], Callable[[], bool] | None]:
    """The lines of each file, and for those of standard input what says whether the next one is there."""
    opened = [input_lines(path, request) for path in request.data]
    files = [lines if ready is None else _flushing(iter(lines), ready) for lines, ready in opened]
    return files, next((ready for _, ready in opened if ready is not None), None)


def _flushing(lines: Iterator[str], ready: Callable[[], bool]) -> Iterator[str]:
    """`lines`; while the next one is waited for, the rows of those before it are with whoever reads them."""
    while True:
        if not ready():
            console.write("", flush=True)
        if (line := next(lines, None)) is None:
            return
        yield line


Rows = tuple[tuple[str, ...], Iterable[dict[str, Any]]]  # header and rows


def _line_scores(checkpoint: Checkpoint, request: LineRequest) -> Rows:
    from seqcli.language.decoder import load_language_model
    from seqcli.language.score import score_lines, score_text, word_surprisals

    decoder, tokenizer = load_language_model(checkpoint, request.device)
    (lines,), ready = _opened(request)
    scale = 1.0 if request.unit == "nats" else 1 / math.log(2)
    if request.open_vocabulary:
        tokenizer.spelling_surprisal("a")  # a model that cannot spell says so before the first row

    def scored(texts: Iterable[str]) -> Iterator[Score]:
        shared: dict[str, Any] = {"open_vocabulary": request.open_vocabulary}
        if request.context:
            return score_text(decoder, tokenizer, texts, **shared)
        shared |= {"line_end": request.line_end, "ready": ready, "notice": console.notice}
        return score_lines(decoder, tokenizer, texts, **shared)

    if request.pairs:
        return PAIR_COLUMNS, _minimal_pairs(lines, shown_path(request.data[0]), scored)
    pieces = request.per_token or request.per_word
    columns, texts, rows = _items(lines, request, WORD_COLUMNS if pieces else TEXT_COLUMNS)
    both = zip(scored(texts), rows, strict=False)
    if pieces:
        return columns, (
            row | {"line": number, "start": start, "token": piece, "surprisal": scale * surprisal, "unknown": unknown}
            for number, (score, row) in enumerate(both, start=1)
            for start, piece, surprisal, unknown in word_surprisals(score, whole_words=request.per_word)
        )
    return columns, (_row(score, scale) | {"unknown": len(score.unknown)} | row for score, row in both)


def _items(
    lines: Iterable[str], request: LineRequest, computed: tuple[str, ...]
) -> tuple[tuple[str, ...], Iterable[str], Iterator[dict[str, Any]]]:
    """The columns of the output, the lines to score, and the rows of their table, each when its line was read: empty
    ones where the lines are no column. `DataError` where the table has a column that is called like a computed one."""
    from seqcli.text.column import about_table, column_names, items
    from seqcli.text.tab_cells import LOOKED_AT

    if request.column is None:
        if request.data[0] != "-":  # lines that come one by one have their rows one by one
            begin = list(islice(lines := iter(lines), LOOKED_AT + 1))
            lines = chain(begin, lines)
            if names := column_names("\n".join(begin)):
                console.notice(about_table(names, "scored"))
        return computed, lines, repeat({})
    path = shown_path(request.data[0])
    names, found = items(iter(lines), request.column, path, console.notice)
    computed = tuple(name for name in computed if name != "text")
    if taken := [name for name in names if name in computed]:
        raise DataError(f"has a column {taken[0]!r}, as the scores have", path=path, hint="rename it")
    waiting: deque[dict[str, Any]] = deque()  # rows of the lines that were read and have no scores yet

    def cells() -> Iterator[str]:
        for cell, row in found:
            waiting.append(row)
            yield cell

    return (*names, *computed), cells(), iter(waiting.popleft, None)


def _minimal_pairs(
    lines: Iterable[str], path: str, scored: Callable[[Iterable[str]], Iterator[Score]]
) -> list[dict[str, Any]]:
    """The share of pairs whose good text is likelier, of each group in the order of the file, and of all."""
    pairs: list[tuple[str, str, str]] = []  # of a group ("" for none), the good text and the bad one
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        *group, good, bad = line.split("\t") if line.count("\t") in (1, 2) else ("", "", "")
        if not good.strip() or not bad.strip():
            hint = "put TABs between"
            raise DataError("is neither good TAB bad nor group TAB good TAB bad", path=path, line=number, hint=hint)
        pairs.append(("".join(group), good, bad))
    one_word = [not any(" " in text.strip() for text in texts) for _, *texts in pairs]
    if len(pairs) > 1 and one_word[0] and not any(one_word[1:]):
        console.notice(f"{path}: the first line is taken for a header ({', '.join(filter(None, pairs[0]))})")
        del pairs[0]
    if not pairs:
        raise DataError("there are no pairs", path=path, hint="give lines of good TAB bad")
    likelihoods = [score.log_probability for score in scored([text for _, *texts in pairs for text in texts])]
    right: dict[str, list[bool]] = {}
    for (name, *_), good_one, bad_one in zip(pairs, likelihoods[::2], likelihoods[1::2], strict=True):
        right.setdefault(name, []).append(good_one > bad_one)
    groups = [(name, own) for name, own in right.items() if name]
    groups.append(("all", list(chain.from_iterable(right.values()))))
    return [{"group": name, "pairs": len(own), "accuracy": sum(own) / len(own)} for name, own in groups]


def _pair_rows(request: PairRequest, inputs: list[Iterable[str]]) -> Iterator[tuple[str, str]]:
    """The two sides of each line, both empty for a blank one; from stdin they come as the lines do."""
    from seqcli.text.pair_rows import Columns
    from seqcli.text.pairs import SAMPLE, open_pairs, rows_of_all, usable

    named = Columns.parse(request.columns)
    live = request.data == ("-",)
    lines = iter(inputs[0])
    if live:  # nothing is known of the form before the first line with text: those before have their rows at once
        for line in lines:
            if line.strip():
                inputs = [chain([line], lines)]
                break
            yield "", ""
    opened = [
        open_pairs(path, given, named, sample=1 if live else SAMPLE)
        for path, given in zip(request.data, inputs, strict=True)
    ]
    for file, row in rows_of_all(opened, console.notice):
        yield usable(file, row, request.skip_bad)


def _pair_scores(checkpoint: Checkpoint, request: PairRequest) -> Rows:
    from seqcli.translation.decoder import load_translation_model
    from seqcli.translation.preprocessing import Preprocessing
    from seqcli.translation.score import score_pairs

    decoder, tokenizer = load_translation_model(checkpoint, request.device)
    inputs, ready = _opened(request)
    rows, preprocessing = _pair_rows(request, inputs), Preprocessing.of(checkpoint.blobs)
    ready = ready if len(inputs) == 1 else None
    return _rows(score_pairs(decoder, tokenizer, rows, preprocessing=preprocessing, ready=ready), request)


def _label_scores(checkpoint: Checkpoint, request: LabelRequest) -> Rows:
    from seqcli.tagging.score import score_labels
    from seqcli.tagging.tag import Tagger

    tagger = Tagger.load(checkpoint)
    (lines, *_), ready = _opened(request)
    name = shown_path(request.data[0])
    return _rows(score_labels(tagger, tagger.format.read(lines, name), name, ready=ready), request)


def _recording_scores(checkpoint: Checkpoint, request: RecordingRequest) -> Rows:
    from seqcli.speech.decoder import load_recogniser
    from seqcli.speech.recordings import read_recordings
    from seqcli.speech.score import score_recordings

    decoder, tokenizer = load_recogniser(checkpoint)
    lowercase = decoder.config.lowercase
    recordings = read_recordings(request.data, request, lowercase=lowercase, notice=console.notice)
    return _rows(score_recordings(decoder, tokenizer, recordings), request)


def _rows(scores: Iterable[Score], request: ScoringRequest) -> Rows:
    """A row for each line, or for each of its tokens."""
    if request.per_token:
        return TOKEN_COLUMNS, (
            {"line": number, "token": token, "surprisal": surprisal}
            for number, score in enumerate(scores, start=1)
            for token, surprisal in zip(score.pieces, score.surprisals, strict=True)
        )
    return COLUMNS, (_row(score, 1.0) for score in scores)


def _row(score: Score, scale: float) -> dict[str, Any]:
    likelihood = (score.log_probability * scale, score.tokens, score.perplexity) if score.tokens else (None, 0, None)
    return dict(zip(COLUMNS, (*likelihood, score.text), strict=True))


# of each task: its section of --help, its request, its scores
SCORES: dict[str, tuple[str, type[Any], Callable[[Checkpoint, Any], Rows]]] = {
    "lm": ("Language models", LineRequest, _line_scores),
    "mt": ("Translation", PairRequest, _pair_scores),
    "tag": ("Tagging", LabelRequest, _label_scores),
    "asr": ("Speech recognition", RecordingRequest, _recording_scores),
}

REQUESTS = {section: request for section, request, _ in SCORES.values()}

score = tasks_command(
    _Asked,
    REQUESTS,
    """Print the log-probability of each line under a model.

    A language model scores lines of text, a translation model the translation in each pair, a tagger the labels of
    each sentence, a speech recogniser the transcript of each recording in a table. Without FILE, or for -, standard
    input is read (for pairs: source TAB target). Logarithms are natural. n lines (sentences) in, n rows out, in order;
    a blank line has no tokens, and no row with --per-token.
    """,
    _score,
)
