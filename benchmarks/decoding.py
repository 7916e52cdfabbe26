"""Generating with a 2 × 512 LSTM over 10,000 words: one stream against a torch step loop, and the whole command.

    python benchmarks/decoding.py                # speed
    python benchmarks/decoding.py MODEL TEXT     # what weights of eight bits cost a trained model in perplexity

For speed the model's weights are random: the time of a step does not depend on them. Peers run in the same process, in
turn.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from machine import compare, describe
from torch import nn

from seqcli.files.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from seqcli.files.plain import to_plain
from seqcli.language.config import LanguageModelConfig
from seqcli.language.decoder import LanguageModelDecoder, load_language_model
from seqcli.language.generate import continuations
from seqcli.language.options import GenerateRequest
from seqcli.model.probability import surprisals
from seqcli.text.words import WordTokenizer

TOKENS = 150
CONFIG = LanguageModelConfig(10_000, "lstm", 512, 512, 2)


def parameters() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {k: rng.normal(0, 0.05, shape).astype(np.float32) for k, shape in CONFIG.parameter_shapes().items()}


class TorchLoop(nn.Module):
    """What people write: nn.LSTM called with one step at a time, the whole of it in eager mode."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.lstm = nn.Embedding(10_000, 512), nn.LSTM(512, 512, 2)
        self.output = nn.Linear(512, 10_000)

    @torch.no_grad()
    def run(self) -> None:
        token, state = torch.zeros(1, 1, dtype=torch.long), None
        for _ in range(TOKENS):
            hidden, state = self.lstm(self.embedding(token), state)
            chances = (self.output(hidden)[0] / 0.8).softmax(1)
            token = torch.multinomial(chances, 1)


def quality(model: str, text: str) -> None:
    """Perplexity of the first 40,000 tokens, read as 40 texts side by side, with exact and with rounded weights."""
    checkpoint = load_checkpoint(Path(model), task="lm")
    for int8 in (False, True):
        decoder, tokenizer = load_language_model(checkpoint, int8=int8)
        ids = np.asarray(tokenizer.encode(Path(text).read_text(encoding="utf-8")))
        steps = min(len(ids) // 40, 1000)
        columns = ids[: 40 * steps].reshape(40, steps).T
        state, total = decoder.initial_state(40), 0.0
        for now, following in pairwise(columns):
            hidden, state = decoder.step(now, state)
            total += surprisals(decoder.logits(hidden), following).sum()
        print(f"{'int8' if int8 else 'fp32'}: perplexity {np.exp(total / (40 * (steps - 1))):.2f}")


def speed() -> None:
    print(describe())
    tokenizer = WordTokenizer([f"w{number}" for number in range(9_998)], split_wide=False)
    weights = parameters()
    decoder = LanguageModelDecoder(CONFIG, weights)
    theirs = TorchLoop()

    def ours(samples: int = 1) -> None:
        for _ in continuations(decoder, tokenizer, ["w1"], GenerateRequest(samples=samples, max_tokens=TOKENS)):
            pass

    a, b, ratio = compare(ours, theirs.run, runs=5)
    print("\n2 × 512 LSTM, 10,000 words                   tokens/s")
    print(f"seqcli generate, one stream                {TOKENS / a:10,.0f}")
    print(f"nn.LSTM step loop, eager torch             {TOKENS / b:10,.0f}   (ours {ratio:.1f} times as fast)")
    rounded = LanguageModelDecoder(CONFIG, weights, int8=True)

    def ours_int8() -> None:
        for _ in continuations(rounded, tokenizer, ["w1"], GenerateRequest(max_tokens=TOKENS)):
            pass

    a, _, ratio = compare(ours_int8, ours, runs=5)
    print(f"seqcli generate --int8, one stream         {TOKENS / a:10,.0f}   ({ratio:.1f} times fp32)")
    start = time.perf_counter()
    ours(samples=32)
    print(f"seqcli generate, 32 samples as one batch   {32 * TOKENS / (time.perf_counter() - start):10,.0f}")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.lm.safetensors"
        save_checkpoint(path, Checkpoint("lm", to_plain(CONFIG), weights, {"tokenizer": tokenizer.to_bytes()}))
        command = [
            sys.executable,
            "-m",
            "seqcli",
            "generate",
            "--model",
            str(path),
            "--prompt",
            "w1",
            "--max-tokens",
            "1",
        ]
        times = []
        for _ in range(7):
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        code = "import runpy, sys; sys.argv = sys.argv[1:]\ntry: runpy.run_module('seqcli', run_name='__main__')\n"
        code += "except SystemExit: print('torch' in sys.modules, file=sys.stderr)"
        seen = subprocess.run([sys.executable, "-c", code, *command[2:]], capture_output=True, text=True, check=True)
        print(
            f"\nwhole command, --max-tokens 1: median {statistics.median(times):.2f} s, fastest {min(times):.2f} s;",
            end=" ",
        )
        print(f"torch imported: {seen.stderr.strip().splitlines()[-1]}")


if __name__ == "__main__":
    quality(*sys.argv[1:]) if len(sys.argv) > 1 else speed()
