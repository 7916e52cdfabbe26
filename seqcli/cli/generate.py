"""`seqcli generate`: continue texts with a language model."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqcli.cli import console
from seqcli.cli.options import ModelChoice, find_model, input_lines, refuse_file, require_text
from seqcli.cli.request import request_command
from seqcli.cli.rows import write_json, write_rows
from seqcli.errors import UsageError
from seqcli.language.options import GenerateRequest
from seqcli.options import option, settled
from seqcli.requests import TextRequest

if TYPE_CHECKING:
    from seqcli.language.decoder import LanguageModelDecoder
    from seqcli.language.generate import Piece
    from seqcli.text.tokenizer import Tokenizer

BATCH_ROWS = 64  # continuations made together
INSTEAD_OF_TEXT = ("top_next", "choices", "embed")


def unescape(text: str) -> str:
    r"""Text of the command line with `\n`, `\t` and `\\` as the characters they stand for."""
    marks = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}
    return re.sub(r"\\[nt\\]", lambda match: marks[match.group()], text)


def _with_notices(prompts: Iterable[str], tokenizer: Tokenizer) -> Iterator[str]:
    """The prompts; what in them the model's vocabulary lacks is said."""
    from seqcli.language.healing import healed

    for place, text in enumerate(prompts, start=1):
        if unknown := tokenizer.unknown(text[: len(text) - len(healed(tokenizer, text)[1])]):
            shown = ", ".join(map(repr, dict.fromkeys(unknown[:100])))
            console.notice(f"prompt {place}: not in the model's vocabulary, read as unknown: {shown:.200}")
        yield text


def _write_choices(asked: _Asked, decoder: LanguageModelDecoder, tokenizer: Tokenizer, prompts: Iterable[str]) -> None:
    """The likeliest choice after each prompt, a line each, or all of them with their probabilities."""
    from seqcli.language.choices import choose

    several = asked.choices if len(asked.choices) > 1 else tuple(asked.choices[0].split(","))
    for prompt in prompts:
        found = choose(decoder, tokenizer, prompt, [unescape(text) for text in several])
        if asked.format == "ndjson":
            shares = {one.text: round(one.probability, 6) for one in found}
            write_json({"prompt": prompt, "choice": found[0].text, "probabilities": shares})
        else:
            console.write(found[0].text + "\n")
        console.write("", flush=True)


def in_order(pieces: Iterable[Piece], samples: int, first: int) -> Iterator[Piece]:
    """The pieces of the first continuation as they come, then those of the second, and so on. Continuations are
    numbered prompt by prompt from prompt `first` on, `samples` of each."""
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


@dataclass(frozen=True, kw_only=True)
class _Asked(GenerateRequest, ModelChoice):
    text: tuple[str, ...] = option(
        (), "Texts to continue; standard input if none are given.", metavar="TEXT", positional=True
    )
    prompt: tuple[str, ...] = option((), "The same as TEXT; may be given several times.", metavar="TEXT", short="-p")
    whole: bool = option(False, "Treat all of standard input as one prompt, not one per line.")
    top_next: int | None = option(
        None, "Instead of text, print the N likeliest next tokens with their probabilities.", least=1
    )
    choices: tuple[str, ...] = option(
        (),
        "Instead of text, print the likeliest of these after each prompt, such as yes,no, or one text per option.",
        metavar="A,B",
    )
    embed: bool = option(
        False, "Instead of text, print a vector for each prompt: the mean of the last layer's outputs."
    )
    format: str = option(
        "text", "Text as it is generated, or one JSON object per continuation.", choices=("text", "ndjson")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.text and self.prompt:
            raise UsageError("TEXT and --prompt are the same: both are given", hint="leave --prompt out")
        instead = [f"--{name.replace('_', '-')}" for name in INSTEAD_OF_TEXT if getattr(self, name)]
        if len(instead) > 1:
            raise UsageError(f"{' and '.join(instead)} cannot be given together", hint="run the command once for each")


def _generate(asked: _Asked) -> None:
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.language.choices import embed_lines
    from seqcli.language.decoder import load_language_model
    from seqcli.language.generate import next_tokens

    for argument in asked.text:
        refuse_file(argument, "generate")
    asked = settled(asked, stop=tuple(map(unescape, asked.stop)))
    checkpoint = load_checkpoint(find_model(asked.model, "lm"), task="lm")
    decoder, tokenizer = load_language_model(checkpoint, asked.device, int8=asked.int8)
    prompts: Iterable[str]
    ready: Callable[[], bool] | None = None
    if given := asked.text or asked.prompt:
        prompts = (unescape(require_text(text, "TEXT" if asked.text else "--prompt")) for text in given)
    else:
        prompts, ready = input_lines("-", TextRequest(encoding="utf-8"))
        if asked.whole:
            prompts, ready = ["\n".join(prompts)], None
    prompts = _with_notices(prompts, tokenizer)
    if asked.top_next is not None:
        rows = (
            {"prompt": text, "token": token, "probability": chance}
            for text in prompts
            for token, chance in next_tokens(decoder, tokenizer, text, asked.top_next)
        )
        write_rows(["prompt", "token", "probability"], rows, asked.format if asked.format == "ndjson" else None)
    elif asked.choices:
        _write_choices(asked, decoder, tokenizer, prompts)
    elif asked.embed:
        for text in prompts:
            (vector,) = embed_lines(decoder, tokenizer, [text])
            rounded = [float(f"{number:.6g}") for number in vector.tolist()]
            if asked.format == "ndjson":
                write_json({"prompt": text, "vector": rounded})
            else:
                console.write(" ".join(map(str, rounded)) + "\n")
            console.write("", flush=True)
    else:
        _write_continuations(asked, decoder, tokenizer, prompts, ready)


def _write_continuations(
    asked: _Asked,
    decoder: LanguageModelDecoder,
    tokenizer: Tokenizer,
    prompts: Iterator[str],
    ready: Callable[[], bool] | None,
) -> None:
    """Continue the prompts in batches, and write what comes as it comes."""
    from seqcli.language.generate import continuations
    from seqcli.text.lines import windows

    start, tokens, first = time.perf_counter(), 0, 0
    most = max(1, BATCH_ROWS // asked.samples)
    parting = "" if decoder.config.lines else "\n"  # between two texts
    for batch in windows(prompts, ready, most, most):
        text = ""  # of the continuation that is being written
        for piece in in_order(continuations(decoder, tokenizer, batch, asked, first), asked.samples, first):
            prompt = batch[piece.prompt - first]
            if asked.format == "text":
                if not text:
                    console.write(parting if piece.prompt + piece.sample else "")
                    console.write(prompt, flush=True)
                console.write(piece.text + ("\n" if piece.finish else ""), flush=True)
            text += piece.text
            if piece.finish is None:
                continue
            if asked.format == "ndjson":
                about = {"tokens": piece.tokens, "finish": piece.finish}
                write_json({"prompt": prompt, "sample": piece.sample, "text": text, **about})
                console.write("", flush=True)
            tokens, text = tokens + piece.tokens, ""
        first += len(batch)
    seconds = time.perf_counter() - start
    if not first:
        console.notice("no prompt: the input is empty")
    console.detail(f"{tokens:,} tokens in {seconds:.2f} s, {tokens / max(seconds, 1e-9):,.0f} tokens/s")


generate = request_command(
    _Asked,
    """Continue a text with a language model.

    TEXT is what is continued; without it standard input is, a text per line. Without --model the newest language model
    in checkpoints/ is used. The same seed gives the same text. A model of separate lines writes whole lines. In TEXT,
    --prompt and --stop, \\n is a line feed and \\t a tab.
    """,
    _generate,
)
