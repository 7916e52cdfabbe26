"""`seqcli generate`: continue texts with a language model."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from seqcli.cli import console
from seqcli.cli.models import find_model
from seqcli.cli.options import DecodingDevice, Model, Seed, count, number, require_text, switch, value
from seqcli.cli.rows import write_json, write_rows

if TYPE_CHECKING:
    from seqcli.language.generate import Piece
    from seqcli.text.tokenizer import Tokenizer

BATCH_ROWS = 64  # continuations made together


def generate(
    model: Model = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option("--prompt", "-p", metavar="TEXT", help="Text to continue; may be given several times."),
    ] = None,
    whole: Annotated[bool, switch("--whole", "Take all of standard input as one prompt, not one a line.")] = False,
    max_tokens: Annotated[int, count("Most tokens to add.")] = 200,
    max_lines: Annotated[int | None, count("Most lines to add.")] = None,
    stop: Annotated[list[str] | None, value("TEXT", "End before this text; may be given several times.")] = None,
    samples: Annotated[
        int, typer.Option("--samples", "-n", metavar="N", min=1, max=1_000_000, help="Continuations of each prompt.")
    ] = 1,
    temperature: Annotated[float, number("0 takes the likeliest token, 1 the model's own spread.")] = 0.8,
    top_k: Annotated[int, value("N", "Choose among the k likeliest tokens; 0: all.")] = 0,
    top_p: Annotated[float, number("Choose among the likeliest that hold this probability.")] = 1.0,
    min_p: Annotated[float, number("Leave out tokens less likely than this share of the likeliest.")] = 0.0,
    repetition_penalty: Annotated[float, number("Above 1: tokens that were there are less likely.")] = 1.0,
    top_next: Annotated[
        int | None,
        count("No text: the N likeliest next tokens with their probabilities."),
    ] = None,
    seed: Seed = 1,
    form: Annotated[
        Literal["text", "ndjson"], typer.Option("--format", help="Text as it comes, or one JSON object a continuation.")
    ] = "text",
    int8: Annotated[bool, switch("--int8", "Round weights to 8 bits: slower to start, several times faster.")] = False,
    device: DecodingDevice = "cpu",
) -> None:
    """Continue a text with a language model.

    Prompts come from --prompt or, one a line, from standard input. Without --model the newest language model in
    checkpoints/ is used. The same seed gives the same text. A model of lines gives whole lines. In --prompt and --stop,
    \\n is a line feed and \\t a tab.
    """
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.language.decoder import load_language_model
    from seqcli.language.generate import Limits, next_tokens
    from seqcli.language.generate import generate as continue_texts
    from seqcli.language.sampling import Sampling
    from seqcli.text.live import windows

    sampling = Sampling(temperature, top_k, top_p, min_p, repetition_penalty)
    decoder, tokenizer = load_language_model(load_checkpoint(find_model(model, "lm"), task="lm"), device, int8=int8)
    lines = decoder.config.lines
    limits = Limits(max_tokens, tuple(map(unescape, stop or ())), max_lines)
    prompts: Iterator[str]
    ready: Callable[[], bool] | None = None
    if prompt is not None:
        prompts = (unescape(require_text(text, "--prompt")) for text in prompt)
    else:
        prompts, ready = _read_prompts(whole)
    prompts = _with_notices(prompts, tokenizer)
    if top_next is not None:
        likeliest = ((text, next_tokens(decoder, tokenizer, text, top_next)) for text in prompts)
        _write_next(likeliest, form == "ndjson")
        return
    start, tokens = time.perf_counter(), 0
    first = 0
    most = max(1, BATCH_ROWS // samples)
    for batch in windows(prompts, ready, most, most):
        pieces = continue_texts(
            decoder,
            tokenizer,
            batch,
            samples=samples,
            sampling=sampling,
            limits=limits,
            seed=seed,
            first_prompt=first,
        )
        ordered = in_order(pieces, samples, first)
        if form == "ndjson":
            tokens += _write_ndjson(batch, first, ordered)
        else:
            tokens += _write_text(batch, first, ordered, parting="" if lines else "\n")
        first += len(batch)
    seconds = time.perf_counter() - start
    if not first:
        console.notice("no prompt: the input is empty")
    console.detail(f"{tokens:,} tokens in {seconds:.2f} s, {tokens / max(seconds, 1e-9):,.0f} tokens/s")


def unescape(text: str) -> str:
    r"""Text of the command line with `\n`, `\t` and `\\` as the characters they stand for."""
    marks = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}
    return re.sub(r"\\[nt\\]", lambda match: marks[match.group()], text)


def _read_prompts(whole: bool) -> tuple[Iterator[str], Callable[[], bool] | None]:
    """The prompts of standard input, and what says whether the next one is there."""
    from seqcli.text.live import LiveLines

    console.mention_terminal_input()
    lines = LiveLines(encoding="utf-8")
    return (iter(["\n".join(lines)]), None) if whole else (lines, lines.ready)


def _with_notices(prompts: Iterable[str], tokenizer: Tokenizer) -> Iterator[str]:
    """The prompts; what in them the model's vocabulary lacks is said."""
    from seqcli.language.healing import healed

    for place, text in enumerate(prompts, start=1):
        if unknown := tokenizer.unknown(text[: len(text) - len(healed(tokenizer, text)[1])]):
            shown = ", ".join(map(repr, dict.fromkeys(unknown[:100])))
            console.notice(f"prompt {place}: not in the model's vocabulary, read as unknown: {shown:.200}")
        yield text


def _write_next(likeliest: Iterable[tuple[str, list[tuple[str, float]]]], as_json: bool) -> None:
    rows = (
        {"prompt": prompt, "token": token, "probability": chance}
        for prompt, tokens in likeliest
        for token, chance in tokens
    )
    write_rows(["prompt", "token", "probability"], rows, "ndjson" if as_json else None)


def in_order(pieces: Iterable[Piece], samples: int, first: int) -> Iterator[Piece]:
    """The pieces of the first continuation as they come, then those of the second, and so on.

    Continuations are numbered prompt by prompt from prompt `first` on, `samples` of each.
    """
    waiting: dict[int, list[Piece]] = {}
    current = first * samples
    for piece in pieces:
        waiting.setdefault(piece.prompt * samples + piece.sample, []).append(piece)
        while current in waiting:
            ready = waiting.pop(current)
            yield from ready
            if ready[-1].finish is None:
                break
            current += 1


def _write_text(prompts: list[str], first: int, pieces: Iterable[Piece], parting: str) -> int:
    """Prompt and continuation, `parting` between two texts; returns the number of tokens."""
    tokens, begun = 0, False
    for piece in pieces:
        if not begun:
            between = parting if piece.prompt + piece.sample else ""
            console.write(between + prompts[piece.prompt - first], flush=True)
        console.write(piece.text + ("\n" if piece.finish else ""), flush=True)
        begun = piece.finish is None
        tokens += piece.tokens if piece.finish else 0
    return tokens


def _write_ndjson(prompts: list[str], first: int, pieces: Iterable[Piece]) -> int:
    """One object a continuation; returns the number of tokens."""
    tokens, text = 0, ""
    for piece in pieces:
        text += piece.text
        if piece.finish:
            write_json(
                {
                    "prompt": prompts[piece.prompt - first],
                    "sample": piece.sample,
                    "text": text,
                    "tokens": piece.tokens,
                    "finish": piece.finish,
                }
            )
            sys.stdout.flush()
            tokens, text = tokens + piece.tokens, ""
    return tokens
