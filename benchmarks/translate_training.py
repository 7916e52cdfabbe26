"""Training speed of attention with input feeding against a plain step loop in the same run.

    python benchmarks/translate_training.py [--layers 1|2]

Encoder 2 × 256, decoder LSTM of 512, additive attention fed back, 8,000 types, batches of 4,000 tokens of random
sentences of 10 to 16. The plain loop is nn.LSTM, nn.LSTMCell, the attention and nn.CrossEntropyLoss, step by step, with
the same sizes. `product form` is the same model without the feeding, which needs no step loop: the default.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from machine import compare, describe
from torch import Tensor, nn

from seqcli.text.words import WordTokenizer
from seqcli.training.device import choose_precision
from seqcli.training.optimizer import AdamW
from seqcli.training.workers import Workers
from seqcli.translation.bitext import Bitext, Sentences
from seqcli.translation.config import TranslationConfig
from seqcli.translation.network import TranslationModel
from seqcli.translation.objective import TranslationTask
from seqcli.translation.preprocessing import Preprocessing

VOCABULARY = 8000
CPU = torch.device("cpu")
PRECISION = choose_precision("auto", CPU)


class PlainLoop(nn.Module):
    """What people write: one step at a time under autograd."""

    def __init__(self, config: TranslationConfig) -> None:
        super().__init__()
        width, source, size = config.decoder_hidden, config.source_width, config.embedding
        self.embedding = nn.Embedding(VOCABULARY, size)
        self.encoder = nn.LSTM(size, config.encoder_hidden, config.encoder_layers, bidirectional=True)
        self.bridge = nn.Linear(source, width)
        self.cell = nn.LSTMCell(size + source, width)
        self.query, self.key = nn.Linear(width, width, bias=False), nn.Linear(source, width, bias=False)
        self.energy = nn.Linear(width, 1, bias=False)
        self.readout, self.output = nn.Linear(width + source, size), nn.Linear(size, VOCABULARY)
        self.output.weight = self.embedding.weight
        self.loss = nn.CrossEntropyLoss(ignore_index=-100, label_smoothing=0.1)

    def forward(self, source: Tensor, lengths: Tensor, previous: Tensor, targets: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(source), lengths, enforce_sorted=False)
        outputs, _ = nn.utils.rnn.pad_packed_sequence(self.encoder(packed)[0])
        outputs = outputs.transpose(0, 1)
        behind = torch.arange(source.shape[0])[None] >= lengths[:, None]
        keys = self.key(outputs)
        h = torch.tanh(self.bridge(outputs.mean(1)))
        c, context = torch.zeros_like(h), outputs.new_zeros(len(lengths), outputs.shape[2])
        readouts = []
        for x in self.embedding(previous):
            h, c = self.cell(torch.cat((x, context), 1), (h, c))
            energies = self.energy(torch.tanh(self.query(h)[:, None] + keys))[..., 0]
            weights = energies.masked_fill(behind, -1e9).softmax(1)
            context = (weights[:, None] @ outputs)[:, 0]
            readouts.append(torch.tanh(self.readout(torch.cat((h, context), 1))))
        logits = torch.stack([self.output(readout) for readout in readouts])
        loss: Tensor = self.loss(logits.flatten(0, 1), targets.flatten())
        return loss


def random_bitext() -> Bitext:
    rng = np.random.default_rng(0)
    lengths = rng.integers(10, 17, 2000)
    sides = [Sentences.of(rng.zipf(1.2, n).clip(max=VOCABULARY - 4) + 3 for n in lengths) for _ in range(2)]
    tokenizer = WordTokenizer.train(["a b c\n"], None)
    return Bitext(sides[0], sides[1], [], sides[0], sides[1], tokenizer, Preprocessing(), "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--layers", type=int, default=1)
    layers = parser.parse_args().layers
    print(describe(), PRECISION)
    config = TranslationConfig(VOCABULARY, "lstm", 256, 256, layers, 512, 1, "additive", 1, True)
    bitext = random_bitext()

    def stepper(form: TranslationConfig) -> tuple[Callable[[], None], int]:
        model = TranslationModel(form)
        task = TranslationTask(model, bitext, batch_tokens=4000, label_smoothing=0.1, seed=0)
        parts, workers = task.parts(0, 0), Workers(0, 0)
        parameters = list(model.parameters())
        optimizer = AdamW(parameters, beta2=0.99, weight_decay=0.01)

        def step() -> None:
            workers.gradients(task, parts, parameters, PRECISION)
            optimizer.step(0.001)
            model.zero_grad()

        return step, sum(part.tokens for part in parts)

    fed, tokens = stepper(config)
    product, _ = stepper(replace(config, attention="dot", input_feeding=False))
    plain = PlainLoop(config)
    task = TranslationTask(TranslationModel(config), bitext, batch_tokens=4000, label_smoothing=0.1, seed=0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # of a single thread's batch there is one part
    batch = task.parts(0, 0)[0]
    torch.set_num_threads(threads)
    optimizer = torch.optim.AdamW(plain.parameters())

    def loop() -> None:
        plain(batch.source, batch.lengths, batch.previous, batch.targets).backward()
        optimizer.step()
        optimizer.zero_grad()

    for name, step in (("input feeding", fed), ("product form, dot attention", product)):
        ours, theirs, ratio = compare(step, loop)
        print(f"{name}: {tokens / ours:,.0f} target tokens/s, plain loop {tokens / theirs:,.0f}; ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
