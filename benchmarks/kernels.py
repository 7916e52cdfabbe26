"""The parts of training against plain torch in the same run: output layer, cells, and whole language model steps.

    python benchmarks/kernels.py [softmax|cells|widths|scan|training]...

`softmax` and `training` compare with nn.Linear + CrossEntropyLoss (and nn.LSTM), `cells` with torch's fused layers,
`widths` an LSTM layer and a step's product in fp32 and bf16 with torch's;
`scan` has the ways to run the recurrence that is left of a minimal cell. Ratios are medians over alternating runs.
"""

from __future__ import annotations

import sys
from functools import partial

import numpy as np
import torch
from machine import compare, describe
from torch import nn
from torch.nn import functional

from seqcli.language.config import LanguageModelConfig
from seqcli.language.network import LanguageModel
from seqcli.language.objective import LanguageModelTask
from seqcli.language.presets import SAMPLE
from seqcli.model.cells import CELLS
from seqcli.model.products import laid_out, multiply
from seqcli.model.scan import doubling, stepwise
from seqcli.model.softmax import SampledVocabulary, linear_cross_entropy
from seqcli.model.stack import RecurrentLayer
from seqcli.training.device import autocast, choose_precision
from seqcli.training.optimizer import AdamW, clip_gradients
from seqcli.training.workers import Workers

CPU = torch.device("cpu")
PRECISION = choose_precision("auto", CPU)
THREADS = torch.get_num_threads()


def softmax() -> None:
    """Forward and backward of the output layer, 2240 × 400 × 10,000."""
    torch.manual_seed(0)
    hidden = torch.randn(2240, 400).requires_grad_()
    weight = (torch.randn(10_000, 400) * 0.05).requires_grad_()
    bias = torch.zeros(10_000, requires_grad=True)
    targets = torch.from_numpy(np.random.default_rng(0).zipf(1.3, 2240).clip(max=10_000) - 1)
    sampled = SampledVocabulary.from_counts(torch.from_numpy(1e6 / np.arange(1, 10_001)), SAMPLE)

    def gradients(loss: torch.Tensor) -> list[torch.Tensor]:
        return list(torch.autograd.grad(loss / 2240, [hidden, weight, bias]))

    rows_of = partial(functional.embedding, weight=weight, sparse=True)

    def plain() -> list[torch.Tensor]:
        return gradients(functional.cross_entropy(functional.linear(hidden, weight, bias), targets, reduction="sum"))

    def fused() -> list[torch.Tensor]:
        return gradients(linear_cross_entropy(hidden, weight, bias, targets))

    def fused_auto() -> list[torch.Tensor]:
        with autocast(CPU, PRECISION):
            return gradients(linear_cross_entropy(hidden, weight, bias, targets))

    def estimated() -> list[torch.Tensor]:
        with autocast(CPU, PRECISION):
            return gradients(sampled.loss(hidden, rows_of, bias, targets))

    a = torch.randn(2240, 400)
    b = torch.randn(400, 10_000)

    def products() -> None:  # what no exact softmax can go below: its three products
        for _ in range(3):
            a @ b

    exact = plain()
    print("\noutput layer, 2240 × 400 × 10,000, forward + backward     ms   times faster   largest gradient error")
    for name, work in (
        ("fused, exact, fp32", fused),
        (f"fused, exact, {PRECISION} (auto)", fused_auto),
        (f"sampled ({SAMPLE} types + the batch's)", estimated),
        ("three products alone, fp32 (the limit of exact fp32)", products),
    ):
        ours, theirs, ratio = compare(work, plain)
        error = ""
        if work in (fused, fused_auto):
            error = (
                f"{max(((g - e).abs().max() / e.abs().max()).item() for g, e in zip(work(), exact, strict=True)):.1e}"
            )
        print(f"{name:54s} {1e3 * ours:6.0f} {ratio:14.2f}   {error}")
    print(f"{'plain torch, fp32':54s} {1e3 * theirs:6.0f}")


def cells() -> None:
    """Forward and backward of one layer, hidden 512, batch 64, 70 steps, against torch's fused layer."""
    torch.manual_seed(0)
    x = torch.randn(70, 64, 512, requires_grad=True)
    print(f"\none layer, hidden 512, batch 64, 70 steps, {PRECISION}      tokens/s   torch's   share of torch's speed")
    for cell in CELLS:
        fused = nn.RNN if cell == "rnn" else nn.GRU if "gru" in cell else nn.LSTM
        ours_layer, theirs_layer = RecurrentLayer(cell, 512, 512), fused(512, 512)

        def ours(layer: nn.Module = ours_layer) -> None:
            with autocast(CPU, PRECISION):
                layer(x)[0].float().sum().backward()

        def theirs(layer: nn.Module = theirs_layer) -> None:
            with autocast(CPU, PRECISION):
                layer(x)[0].float().sum().backward()

        a, b, ratio = compare(ours, theirs, runs=5)
        print(f"{cell:47s} {4480 / a:9,.0f} {4480 / b:9,.0f} {ratio:12.2f}  (nn.{fused.__name__})")


def widths() -> None:
    """On one thread, 35 steps of 10 rows: a layer forward and backward, and what one of its steps multiplies."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    print("\nLSTM layer, 35 steps of 10 rows, one thread, ms       its product of one step, µs")
    print("hidden   nn.LSTM fp32   bf16   ours bf16 (narrow: fp32)      fp32   bf16   laid out fp32   bf16")
    for width in (256, 320, 512, 640, 768, 1024):
        x = torch.randn(35, 10, width, requires_grad=True)

        def pass_through(layer: nn.Module, precision: str, x: torch.Tensor) -> None:
            with autocast(CPU, precision):
                outputs = layer(x)[0]
            outputs.float().sum().backward()

        theirs, ours = nn.LSTM(width, width), RecurrentLayer("lstm", width, width)
        layers = ((theirs, "fp32"), (theirs, "bf16"), (ours, "bf16"))
        works = [partial(pass_through, layer, precision, x) for layer, precision in layers]
        figures = [1e3 * compare(work, work)[0] for work in works]
        for once in (False, True):
            for dtype in (torch.float32, torch.bfloat16):
                h, weight = torch.randn(10, width).to(dtype), torch.randn(4 * width, width).to(dtype)
                ordered = laid_out(weight, 10)
                product = partial(multiply, weight=ordered) if once else partial(functional.linear, weight=weight)
                work = partial(lambda product, h: [product(h) for _ in range(20)], product, h)
                figures.append(1e6 / 20 * compare(work, work)[0])
        print(f"{width:6d}" + "{:15.1f}{:7.1f}{:26.1f}{:10.0f}{:7.0f}{:16.0f}{:7.0f}".format(*figures))
    torch.set_num_threads(THREADS)


def scan() -> None:
    """h_t = k_t h_{t-1} + v_t, batch 20, hidden 320: step by step, doubling, and in log space (positive k, v, h)."""
    torch.manual_seed(0)
    print("\nscan, batch 20, hidden 320        35 steps    200 steps   ms, forward")
    inputs = [(torch.rand(time, 20, 320), torch.rand(time, 20, 320), torch.rand(20, 320)) for time in (35, 200)]

    def log_space(keep: torch.Tensor, added: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        faded = keep.log().cumsum(0)
        return (faded + torch.cat((start.log()[None], added.log() - faded)).logcumsumexp(0)[1:]).exp()

    for way in (stepwise, doubling, log_space):
        times = [1e3 * compare(partial(way, *parts), partial(stepwise, *parts))[0] for parts in inputs]
        print(f"{way.__name__:30s} {times[0]:9.2f} {times[1]:12.2f}")


class PlainModel(nn.Module):
    """The language model of the textbooks: nn.Embedding, nn.LSTM, nn.Linear with tied weights."""

    def __init__(self, vocabulary: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, hidden)
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
        self.lstm = nn.LSTM(hidden, hidden, layers)
        self.output = nn.Linear(hidden, vocabulary)
        self.output.weight = self.embedding.weight

    def forward(self, tokens: torch.Tensor, state: tuple | None) -> tuple[torch.Tensor, tuple]:
        hidden, state = self.lstm(self.embedding(tokens), state)
        return self.output(hidden), state


def training() -> None:
    """Steps of a tied 2 × 200 LSTM, 10,000 words, batch 20, bptt 35, optimiser included; the losses side by side."""
    rng = np.random.default_rng(0)
    # a text with something to learn: every word is drawn near twice the one before, frequent words often
    text = np.empty(400_000, np.int64)
    text[0] = 1
    jumps, fresh = rng.zipf(1.5, len(text)), rng.zipf(1.2, len(text))
    for t in range(1, len(text)):
        text[t] = min(fresh[t], 9999) if t % 4 == 0 else (2 * text[t - 1] + min(jumps[t], 50)) % 10_000
    counts = torch.from_numpy(np.bincount(text, minlength=10_000))

    def task(sampled: SampledVocabulary | None) -> tuple[LanguageModelTask, AdamW]:
        torch.manual_seed(0)
        model = LanguageModel(LanguageModelConfig(10_000, "lstm", 200, 200, 2))
        model.sampled = sampled
        made = LanguageModelTask(model, text, text[:1000], batch_size=20, bptt=35, seed=0)
        return made, AdamW(list(model.parameters()), beta2=0.999, weight_decay=0.01, by_rows=made.tables)

    torch.manual_seed(0)
    plain = PlainModel(10_000, 200, 2)
    plain_optimizer = torch.optim.AdamW(plain.parameters(), lr=0.002)
    reader, _ = task(None)
    state: tuple | None = None
    plain_losses: list[float] = []

    def plain_step() -> None:
        nonlocal state
        parts = reader.parts(0, len(plain_losses))
        x = torch.cat([part.inputs for part in parts], 1)
        y = torch.cat([part.targets for part in parts], 1)
        logits, state = plain(x, state)
        state = tuple(part.detach() for part in state)
        loss = functional.cross_entropy(logits.flatten(0, 1), y.flatten())
        plain_optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 0.25)
        plain_optimizer.step()
        plain_losses.append(loss.item())

    print(
        "\ntraining, tied 2 × 200 LSTM, 10,000 words, batch 20, bptt 35      tokens/s   times plain   loss at 25, 100"
    )
    for name, sampled in (("full softmax", None), ("sampled softmax", SampledVocabulary.from_counts(counts, SAMPLE))):
        made, optimizer = task(sampled)
        losses: list[float] = []
        workers = Workers(0, 0)

        def step(
            made: LanguageModelTask = made,
            optimizer: AdamW = optimizer,
            losses: list[float] = losses,
            workers: Workers = workers,
        ) -> None:
            parameters = list(made.model.parameters())
            loss, _ = workers.gradients(made, made.parts(0, len(losses)), parameters, PRECISION)
            clip_gradients(parameters, 0.25)
            optimizer.step(0.002)
            made.model.zero_grad()
            losses.append(loss)

        plain_losses.clear()
        torch.manual_seed(0)
        plain = PlainModel(10_000, 200, 2)
        plain_optimizer = torch.optim.AdamW(plain.parameters(), lr=0.002)
        state = None
        ours, theirs, ratio = compare(step, plain_step, runs=100)
        print(
            f"{f'seqcli, {name}, {PRECISION}':61s} {700 / ours:12,.0f} {ratio:13.2f}"
            f"   {np.mean(losses[15:35]):.2f} {np.mean(losses[-20:]):.2f}"
        )
    print(
        f"{'plain torch, fp32':61s} {700 / theirs:12,.0f} {'':13s}"
        f"   {np.mean(plain_losses[15:35]):.2f} {np.mean(plain_losses[-20:]):.2f}"
    )


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["softmax", "cells", "widths", "scan", "training"]
    print(describe())
    for part in (softmax, cells, widths, scan, training):
        if part.__name__ in wanted:
            part()
