"""How long the textbook language model takes to its perplexity, and what `train-lm` reaches in a quarter of that time.

    python benchmarks/time_to_perplexity.py TRAIN VALID [--epochs 6] [--share 0.25]

The textbook model is a plain equivalent of PyTorch's word language model example at its usual setting: a tied 2 × 200
nn.LSTM with dropout .2, batch 20, bptt 35, SGD at a rate of 20, divided by 4 after an epoch that does not improve the
validation perplexity, gradients clipped at 0.25. Both run here, one after the other, on the same two files of words.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from machine import describe
from torch import Tensor, nn
from torch.nn import functional

from seqcli.requests import CorpusRequest
from seqcli.text.corpus import open_corpus

HIDDEN, LAYERS, DROPOUT, BATCH, BPTT = 200, 2, 0.2, 20, 35


class Textbook(nn.Module):
    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.embedding, self.drop = nn.Embedding(vocabulary, HIDDEN), nn.Dropout(DROPOUT)
        self.lstm, self.output = nn.LSTM(HIDDEN, HIDDEN, LAYERS, dropout=DROPOUT), nn.Linear(HIDDEN, vocabulary)
        self.output.weight = self.embedding.weight
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        nn.init.zeros_(self.output.bias)

    def forward(self, tokens: Tensor, state: tuple | None) -> tuple[Tensor, tuple]:
        hidden, state = self.lstm(self.drop(self.embedding(tokens)), state)
        return self.output(self.drop(hidden)), state


def pieces(ids: Tensor, streams: int) -> Iterator[tuple[Tensor, Tensor]]:
    length = len(ids) // streams
    columns = ids[: length * streams].view(streams, length).t().contiguous()
    for start in range(0, length - 1, BPTT):
        stop = min(start + BPTT, length - 1)
        yield columns[start:stop], columns[start + 1 : stop + 1]


def textbook(train: Tensor, valid: Tensor, vocabulary: int, epochs: int) -> tuple[float, float]:
    """Seconds of training, and the best validation perplexity of an epoch."""
    torch.manual_seed(1)
    model, rate, best, spent = Textbook(vocabulary), 20.0, math.inf, 0.0
    for epoch in range(epochs):
        model.train()
        start, state = time.monotonic(), None
        for x, y in pieces(train, BATCH):
            logits, state = model(x, state)
            state = tuple(part.detach() for part in state)
            model.zero_grad()
            functional.cross_entropy(logits.flatten(0, 1), y.flatten()).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.25)
            with torch.no_grad():
                for parameter in model.parameters():
                    if parameter.grad is not None:
                        parameter.add_(parameter.grad, alpha=-rate)
        spent += time.monotonic() - start
        model.eval()
        total, count, state = 0.0, 0, None
        with torch.no_grad():
            for x, y in pieces(valid, 10):
                logits, state = model(x, state)
                total += functional.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum").item()
                count += y.numel()
        perplexity = math.exp(total / count)
        print(f"textbook, epoch {epoch + 1}: {spent:,.0f} s, validation perplexity {perplexity:.1f}", flush=True)
        if perplexity >= best:
            rate /= 4
        best = min(best, perplexity)
    return spent, best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train")
    parser.add_argument("valid")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--share", type=float, default=0.25)
    options = parser.parse_args()
    print(describe(), "\n")
    corpus = open_corpus([options.train], CorpusRequest(valid=(options.valid,), tokens="word"))
    train, valid = (torch.from_numpy(part.astype("int64")) for part in (corpus.train, corpus.valid))
    seconds, perplexity = textbook(train, valid, corpus.tokenizer.size, options.epochs)
    budget = options.share * seconds
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "seqcli", "train-lm", options.train, "--valid", options.valid]
        command += ["--tokens", "word", "--budget", f"{budget:.0f}s", "-o", str(Path(folder) / "m.lm.safetensors")]
        done = subprocess.run([*command, "--json"], stdout=subprocess.PIPE, check=True)
    ours = json.loads(done.stdout)
    ours = ours.get("metrics", ours)["perplexity"]
    print(f"\ntextbook  {seconds:6,.0f} s of training, validation perplexity {perplexity:.1f}")
    print(f"train-lm  {budget:6,.0f} s of training, validation perplexity {ours:.1f}")


if __name__ == "__main__":
    main()
