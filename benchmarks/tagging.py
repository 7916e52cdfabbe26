"""Taggers on public data: quality within a budget, the speed of `tag`, a training step against a plain loop.

    python benchmarks/tagging.py quality [--budget 10m] TRAIN DEV [more options of train-tagger]
    python benchmarks/tagging.py speed MODEL FILE          # a labelled file; the text alone is tagged
    python benchmarks/tagging.py step [--labels 17] [--length 25]

`quality` trains with the defaults and evaluates; where python-crfsuite can be imported, a linear-chain CRF with the
usual hand-made features is trained on the same sentences and evaluated by the same rules. `step` compares with what
people write: nn.LSTM over packed sentences of the same sizes, word vectors only, and the forward algorithm as a loop
over time under autograd, in the same number of threads.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import compare, describe
from torch import Tensor, nn

import seqcli
from seqcli.files.checkpoint import load_checkpoint
from seqcli.requests import TextRequest
from seqcli.tagging.config import TaggerConfig
from seqcli.tagging.data import LabelledText, read_labelled
from seqcli.tagging.encoding import encode
from seqcli.tagging.evaluate import quality
from seqcli.tagging.formats.columns import Columns
from seqcli.tagging.formats.sentence import Sentence
from seqcli.tagging.labelling import Labelling
from seqcli.tagging.labels import LabelSet
from seqcli.tagging.lexicon import Lexicon
from seqcli.tagging.network import TaggingModel
from seqcli.tagging.objective import TaggingTask
from seqcli.tagging.options import TrainRequest
from seqcli.tagging.recipe import Recipe
from seqcli.tagging.schemes import recognise
from seqcli.tagging.tag import Tagger
from seqcli.tagging.words import WordRule
from seqcli.training.optimizer import AdamW
from seqcli.training.workers import Workers


def train_and_evaluate(train: str, dev: str, budget: str, more: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(folder) / "benchmark.tag.safetensors")
        command = [sys.executable, "-m", "seqcli", "train-tagger", train, "--budget", budget, "-o", model, *more]
        subprocess.run(command, check=True)
        found = seqcli.load(model).evaluate(dev)
        print({name: value for name, value in found.items() if name != "kinds"})
    try:
        import pycrfsuite
    except ImportError:
        return
    sentences, format = read_labelled([train], TrainRequest(data=(train,)), None)
    tested, _ = read_labelled([dev], TextRequest(), format)
    trainer, started = pycrfsuite.Trainer(verbose=False), time.perf_counter()
    trainer.set_params({"c1": 0.1, "c2": 0.1, "max_iterations": 100})
    for sentence in sentences:
        trainer.append([features(sentence.steps, n) for n in range(len(sentence.steps))], sentence.labels)
    with tempfile.NamedTemporaryFile() as file:
        trainer.train(file.name)
        tagger = pycrfsuite.Tagger()
        tagger.open(file.name)
        outputs = [tagger.tag([features(s.steps, n) for n in range(len(s.steps))]) for s in tested]
    scheme = recognise([s.labels or () for s in sentences])
    labels = LabelSet.learn([s.labels or () for s in sentences], scheme)
    figures = quality(labels, [labels.numbers(o) for o in outputs], [labels.gold(s.labels or ()) for s in tested])
    print(f"crfsuite, {time.perf_counter() - started:.0f} s:", {n: v for n, v in figures.items() if n != "kinds"})


def features(steps: Sequence[str], place: int) -> list[str]:
    """Words around, prefixes, suffixes and shapes: what taggers without a network look at."""
    found = ["bias"]
    for offset in (-2, -1, 0, 1, 2):
        at = place + offset
        word = steps[at] if 0 <= at < len(steps) else "<none>"
        found.append(f"w{offset}={word.lower()}")
        if abs(offset) < 2:
            shape = "".join("X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else c for c in word)
            found.append(f"s{offset}={shape[:8]}")
            found += [f"p{offset}{n}={word[:n].lower()}" for n in (1, 2, 3)]
            found += [f"e{offset}{n}={word[-n:].lower()}" for n in (1, 2, 3)]
            if place + offset > 0:
                found.append(f"b{offset}={steps[min(at, len(steps)) - 1]}|{word}")
    return found


def tagging_speed(model: str, path: str) -> None:
    tagger = Tagger.load(load_checkpoint(Path(model)))
    sentences, _ = read_labelled([path], TextRequest(), tagger.format)
    bare = [Sentence(s.steps, None, s.line, s.lines, source=s.source) for s in sentences]  # text would have the blanks
    size = sum(len("".join(s.steps).encode()) for s in bare)
    steps = sum(len(s.steps) for s in bare)
    for _ in range(3):
        started, used = time.perf_counter(), time.process_time()
        for sentence, tagging in tagger.tag(bare):
            tagger.format.write(sentence, tagging)
        wall, cpu = time.perf_counter() - started, time.process_time() - used
        print(f"{steps / wall:,.0f} steps/s, {size / wall / 1e6:.2f} MB/s; {steps / cpu:,.0f} steps a processor second")


class PlainTagger(nn.Module):
    """What people write: packed nn.LSTM, and logsumexp over all pairs of labels, step by step."""

    def __init__(self, config: TaggerConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.words, config.input_width)
        self.lstm = nn.LSTM(config.input_width, config.hidden, config.layers, bidirectional=True)
        self.output = nn.Linear(2 * config.hidden, config.labels)
        self.transitions = nn.Parameter(torch.zeros(config.labels, config.labels))

    def forward(self, words: Tensor, lengths: Tensor, labels: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(words), lengths)
        emissions = self.output(nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0])[0])
        mask = torch.arange(len(emissions))[:, None] < lengths
        alpha = emissions[0]
        own = emissions[0].gather(1, labels[0][:, None])[:, 0]
        for t in range(1, len(emissions)):
            moved = torch.logsumexp(alpha[:, :, None] + self.transitions + emissions[t][:, None], 1)
            alpha = torch.where(mask[t][:, None], moved, alpha)
            step = self.transitions[labels[t - 1], labels[t]] + emissions[t].gather(1, labels[t][:, None])[:, 0]
            own = own + step * mask[t]
        return (torch.logsumexp(alpha, 1) - own).sum() / mask.sum()


def training_step(labels: int, length: int) -> None:
    random = np.random.default_rng(0)
    words = [f"w{n}" for n in range(5000)]
    sentences = [
        [words[int(n)] for n in 5000 * random.random(int(size)) ** 2]
        for size in random.integers(length // 2, 3 * length // 2, 400)
    ]
    lexicon = Lexicon.learn(sentences, "word")
    encoded = encode(lexicon, sentences)
    data = LabelledText(
        encoded=encoded,
        numbers=random.integers(0, labels, len(encoded.types)),
        valid=[],
        gold=[],
        labelling=Labelling(lexicon, LabelSet(tuple(f"L{n}" for n in range(labels))), Columns(), WordRule()),
        fingerprint="",
        notes=[],
    )
    sizes: dict[str, Any] = dict(lexicon.sizes())
    config = TaggerConfig(labels=labels, **sizes)
    model = TaggingModel(config, 0.4).train()
    recipe = Recipe(config, 0.4, batch_steps=1000, longest=10_000, learning_rate=0.001, average=0.0, neighbours=0.0)
    task = TaggingTask(model, data, recipe, seed=0)
    parameters, workers = list(model.parameters()), Workers(0, 0)
    optimizer = AdamW(parameters, beta2=0.99, weight_decay=0.01, by_rows=task.tables)
    parts = task.parts(0, 1)

    def ours() -> None:
        workers.gradients(task, parts, parameters, "fp32")
        optimizer.step(0.001)
        model.zero_grad()

    plain, threads = PlainTagger(config), torch.get_num_threads()
    torch.set_num_threads(1)  # of a single thread's batch there is one part
    (whole,) = task.parts(0, 1)
    torch.set_num_threads(threads)
    plain_optimizer = torch.optim.AdamW(plain.parameters())

    def loop() -> None:
        plain(whole.steps.words, whole.steps.lengths, whole.labels).backward()
        plain_optimizer.step()
        plain_optimizer.zero_grad()

    a, b, ratio = compare(ours, loop)
    tokens = whole.tokens
    print(
        f"{labels} labels, {length} steps: {tokens / a:,.0f} steps/s, plain loop {tokens / b:,.0f}; ratio {ratio:.2f}"
    )
    workers.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    trained = commands.add_parser("quality")
    trained.add_argument("train")
    trained.add_argument("dev")
    trained.add_argument("--budget", default="10m")
    trained.add_argument("more", nargs=argparse.REMAINDER)
    tagged = commands.add_parser("speed")
    tagged.add_argument("model")
    tagged.add_argument("file")
    step = commands.add_parser("step")
    step.add_argument("--labels", type=int, default=17)
    step.add_argument("--length", type=int, default=25)
    options = parser.parse_args()
    print(describe())
    if options.command == "quality":
        train_and_evaluate(options.train, options.dev, options.budget, options.more)
    elif options.command == "speed":
        tagging_speed(options.model, options.file)
    else:
        training_step(options.labels, options.length)


if __name__ == "__main__":
    main()
