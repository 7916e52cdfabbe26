"""`seqcli score`: how likely a model finds each line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqcli.cli import console, options
from seqcli.cli.rows import write_rows
from seqcli.errors import UsageError

if TYPE_CHECKING:
    from seqcli.checkpoint import Checkpoint


def score(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model file.")],
    data: Annotated[str, typer.Argument(metavar="FILE", help="Lines to score, plain or .gz; - is stdin.")] = "-",
    per_token: Annotated[bool, typer.Option("--per-token", help="A row for each token, with its surprisal.")] = False,
    form: options.Rows = None,
    encoding: options.Encoding = "utf-8",
    errors: options.Errors = "strict",
    device: options.DecodingDevice = "cpu",
) -> None:
    """Give the log-probability of each line under a model.

    A language model scores lines of text, a translation model the translation in each line of source TAB target.
    Logarithms are natural. n lines in, n rows out, in order; a blank line has no tokens.
    """
    from seqcli.checkpoint import load_checkpoint
    from seqcli.data.text import read_lines

    checkpoint = load_checkpoint(Path(model))
    if data == "-":
        console.mention_terminal_input()
    lines = read_lines(data, encoding=encoding, errors=errors)
    if checkpoint.task == "lm":
        rows = _score_text(checkpoint, lines, device, per_token)
    else:
        raise UsageError(f"{model} is a model for {checkpoint.task}; score knows language models")
    if per_token:
        write_rows(["line", "token", "surprisal"], rows, form)
    else:
        write_rows(["log_probability", "tokens", "perplexity", "text"], rows, form)


def _score_text(checkpoint: Checkpoint, lines: Iterable[str], device: str, per_token: bool) -> Iterator[dict[str, Any]]:
    from seqcli.language.decoder import load_language_model
    from seqcli.language.score import score_lines

    decoder, tokenizer = load_language_model(checkpoint, device)
    for number, line in enumerate(score_lines(decoder, tokenizer, lines), start=1):
        if per_token:
            for token, surprisal in zip(line.pieces, line.surprisals, strict=True):
                yield {"line": number, "token": token, "surprisal": surprisal}
        else:
            yield {
                "log_probability": line.log_probability if line.tokens else None,
                "tokens": line.tokens,
                "perplexity": line.perplexity if line.tokens else None,
                "text": line.text,
            }
