"""`seqcli tag`: label each step of sentences with a trained model."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING

from seqcli.cli import console
from seqcli.cli.options import ModelChoice, find_model, input_lines
from seqcli.cli.request import request_command
from seqcli.errors import UsageError
from seqcli.files.opening import shown_path
from seqcli.options import option
from seqcli.tagging.options import TagRequest

if TYPE_CHECKING:
    from seqcli.tagging.formats.sentence import Format
    from seqcli.tagging.tag import Tagger


@dataclass(frozen=True, kw_only=True)
class _Asked(TagRequest, ModelChoice):
    data: str = option("-", "Text or labelled text; - is stdin.", kind="file", positional=True)


def _tag(asked: _Asked) -> None:
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.tagging.tag import Tagger

    tagger = Tagger.load(load_checkpoint(find_model(asked.model, "tag"), task="tag"))
    output = _output_format(tagger, asked)
    if " " in asked.data and not os.path.exists(asked.data):
        hint = f"to label it as text: echo {shlex.quote(asked.data)} | seqcli tag"
        raise UsageError(f"there is no file {asked.data!r}", hint=hint)
    lines, ready = input_lines(asked.data, asked)
    lines, read = _input_format(tagger, iter(lines), asked.input, live=ready is not None)
    started, sentences, steps = time.perf_counter(), 0, 0
    read_from = read.read(lines, shown_path(asked.data))
    for sentence, tagging in tagger.tag(read_from, probabilities=asked.probabilities, n_best=asked.n_best, ready=ready):
        sentences, steps = sentences + bool(sentence.steps), steps + len(sentence.steps)
        if asked.n_best > 1 and output.name in ("inline", "segmented"):
            for rank, one in enumerate((tagging, *tagging.others), 1):
                console.write(f"{rank}\t{one.log_probability or 0.0:.3f}\t{output.write(sentence, one)}")
        else:
            console.write(output.write(sentence, tagging))
        if ready is not None and not ready():
            console.write("", flush=True)
    seconds = time.perf_counter() - started
    console.detail(f"{sentences:,} sentences, {steps:,} steps in {seconds:.2f} s, {steps / max(seconds, 1e-9):,.0f}/s")


def _output_format(tagger: Tagger, asked: TagRequest) -> Format:
    """The format that is written; `UsageError` for one that cannot hold what is asked for."""
    from seqcli.tagging.formats.columns import Columns, ConllU
    from seqcli.tagging.formats.lines import Inline, Segmented
    from seqcli.tagging.formats.records import Records

    own = tagger.format
    name = asked.format or own.name
    made: dict[str, Format] = {
        "conll": Columns(),
        "conllu": ConllU.holding(tagger.labels.names, chunks=tagger.labels.scheme is not None),
        "inline": Inline(),
        "ndjson": Records(spans=tagger.labels.scheme is not None, label="spans" if tagger.labels.scheme else "labels"),
        "segmented": Segmented(),
    }
    if name == "segmented" and not tagger.cuts_words:
        raise UsageError("--format segmented is for models that cut text into words", hint="use conll or ndjson")
    if name == "inline" and own.name == "segmented":
        raise UsageError("--format inline: this model gives words no tags", hint="use segmented or ndjson")
    if asked.probabilities and name in ("inline", "segmented"):
        raise UsageError(f"{name} has no place for --probabilities", hint="add --format conll or --format ndjson")
    if asked.n_best > 1 and name in ("conll", "conllu"):
        raise UsageError(f"{name} has no place for --n-best", hint="add --format ndjson")
    return own if name == own.name else made[name]


def _input_format(tagger: Tagger, lines: Iterator[str], source: str, *, live: bool) -> tuple[Iterator[str], Format]:
    """The lines, and the format they are in: the one named, or what the first line that is not blank looks like. Of
    what is raw text then, more is looked at where the lines are not `live`: it may have a step a line."""
    from seqcli.tagging.formats.columns import Columns, ConllU
    from seqcli.tagging.formats.detect import LOOKED_AT, given_format, is_record
    from seqcli.tagging.formats.lines import Inline
    from seqcli.tagging.formats.records import Records

    own, raw = tagger.format, tagger.raw
    records = own if own.name == "ndjson" else Records("labels", spans=False, rule=tagger.rule)
    seen = []
    for line in lines:
        seen.append(line)
        if line.strip():
            break
    first, whole = seen[-1] if seen else "", chain(seen, lines)
    if source == own.name or (source == "auto" and not first.strip()):  # nothing to read, and nothing to say
        return whole, own
    made: dict[str, Format] = {
        "text": raw,
        "conll": Columns.like(first),
        "conllu": ConllU(),
        "inline": Inline(),
        "ndjson": records,
    }
    if source != "auto":
        return whole, made[source]
    found = given_format(first, own, tagger.labels) or (records if is_record(first) else raw)
    if found is raw and not live and isinstance(own, Columns | ConllU):
        begin = list(islice(whole, LOOKED_AT))
        whole = chain(begin, whole)
        found = Columns.like(first) if _step_a_line(begin) else raw
    console.notice(f"reading {found.describe()} (--input names another format)")
    return whole, found


def _step_a_line(lines: list[str]) -> bool:
    """Whether lines are single words, with a blank line after each sentence, most of which have more than one."""
    sentences = [len(list(group)) for filled, group in groupby(lines, lambda line: bool(line.strip())) if filled]
    several = sum(length > 1 for length in sentences)
    return len(sentences) > 1 and 2 * several > len(sentences) and all(len(line.split()) <= 1 for line in lines)


tag = request_command(
    _Asked,
    """Label the words or characters of sentences.

    n sentences in, n sentences out, in order; raw text has one sentence per line. Files in the format that the model
    was trained on keep everything but their labels. Without --model the newest tagger in checkpoints/ is used. Output
    starts while input is still arriving.
    """,
    _tag,
)
