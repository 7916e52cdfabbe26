"""`seqcli generate`: continue texts with a language model."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from seqcli.cli import console
from seqcli.cli.models import find_model
from seqcli.cli.options import DecodingDevice, Model, Seed, count, number, require_text, switch, value
from seqcli.cli.rows import write_json, write_rows

if TYPE_CHECKING:
    from seqcli.language.generate import Piece

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
        int, typer.Option("--samples", "-n", metavar="N", min=1, help="Continuations of each prompt.")
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
    checkpoints/ is used. The same seed gives the same text.
    """
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.language.decoder import load_language_model
    from seqcli.language.generate import Limits, next_tokens
    from seqcli.language.generate import generate as continue_texts
    from seqcli.language.sampling import Sampling

    limits = Limits(max_tokens=max_tokens, stop=tuple(stop or ()), max_lines=max_lines)
    sampling = Sampling(temperature, top_k, top_p, min_p, repetition_penalty)
    decoder, tokenizer = load_language_model(load_checkpoint(find_model(model, "lm"), task="lm"), device, int8=int8)
    prompts = (require_text(text, "--prompt") for text in prompt) if prompt is not None else _read_prompts(whole)
    if top_next is not None:
        likeliest = ((text, next_tokens(decoder, tokenizer, text, top_next)) for text in prompts)
        _write_next(likeliest, form == "ndjson")
        return
    start, tokens = time.perf_counter(), 0
    first = 0
    while batch := list(islice(prompts, max(1, BATCH_ROWS // samples))):
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
        tokens += _write_ndjson(batch, first, ordered) if form == "ndjson" else _write_text(batch, first, ordered)
        first += len(batch)
    seconds = time.perf_counter() - start
    if not first:
        console.notice("no prompt: the input is empty")
    console.detail(f"{tokens:,} tokens in {seconds:.2f} s, {tokens / max(seconds, 1e-9):,.0f} tokens/s")


def _read_prompts(whole: bool) -> Iterator[str]:
    from seqcli.text.lines import read_lines

    console.mention_terminal_input()
    lines = read_lines("-", encoding="utf-8")
    return iter(["\n".join(lines)]) if whole else iter(lines)


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


def _write_text(prompts: list[str], first: int, pieces: Iterable[Piece]) -> int:
    """Prompt and continuation, the texts parted by an empty line; returns the number of tokens."""
    tokens, begun = 0, False
    for piece in pieces:
        if not begun:
            parting = "\n" if piece.prompt + piece.sample else ""
            console.write(parting + prompts[piece.prompt - first], flush=True)
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
