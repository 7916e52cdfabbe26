"""How long each cell remembers: accuracy of a story's decisive word against its distance from the cause.

    python benchmarks/long_range.py [--budget 75s-in-seconds] [--cells rnn lstm ...] [--svg FILE] [--json FILE]

Every cell gets the same stories of the sample grammar, distances mixed from 5 to 200 words, as many parameters and as
much time. It reads a story up to its decisive word and is trained and asked for that word alone: the question is what
it remembers, not how well it writes. Accuracy is among the alternatives, over new stories of each distance; chance is
28 % (the mean over the kinds of dependency). `--json` keeps results, and cells that are in that file are not run again.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from machine import describe
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sample_data.make import long_range
from sample_data.stories import Story
from seqcli.model.cells import CELLS
from seqcli.model.stack import RecurrentStack
from seqcli.model.stepping import StackShape

DISTANCES = (5, 10, 20, 40, 80, 160)
TRAINED = (5, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 180, 200)
STORIES = 600  # to train on, of each of these distances
ASKED = 600  # to be tested on, of each of DISTANCES
EMBEDDING, HIDDEN = 48, 96  # of the LSTM; the others' hidden sizes give as many parameters
BATCH, RATE, WARM = 48, 0.004, 0.05
TOKEN = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")


@dataclass(frozen=True)
class Example:
    """Ids of the words before the decisive one, that word's id, and the ids it is chosen from."""

    ids: Tensor
    answer: int
    alternatives: tuple[int, ...]


class Vocabulary:
    """Words and marks of punctuation; those that training does not show share an id."""

    def __init__(self) -> None:
        self.ids = {"<unknown>": 0}

    def example(self, story: Story, *, learn: bool) -> Example:
        (link,) = story.links
        tokens = TOKEN.findall(story.text[: link.offset].lower())
        words = [*tokens, *(alternative.lower() for alternative in link.alternatives)]
        for word in words if learn else ():
            self.ids.setdefault(word, len(self.ids))
        ids = [self.ids.get(word, 0) for word in words]
        choices = tuple(ids[len(tokens) :])
        return Example(torch.tensor(ids[: len(tokens)]), choices[link.alternatives.index(link.answer)], choices)


class Reader(nn.Module):
    """Embedding, one recurrent layer, and a linear map from its last output to the vocabulary."""

    def __init__(self, cell: str, hidden: int, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, EMBEDDING)
        self.stack = RecurrentStack(StackShape(cell, EMBEDDING, hidden, 1))
        self.output = nn.Linear(hidden, vocabulary)

    def forward(self, batch: list[Example]) -> Tensor:
        """Logits of the decisive words: (batch, vocabulary)."""
        ids = nn.utils.rnn.pad_sequence([example.ids for example in batch])  # (time, batch)
        outputs, _ = self.stack(self.embedding(ids))
        ends = torch.tensor([len(example.ids) - 1 for example in batch])
        logits: Tensor = self.output(outputs[ends, torch.arange(len(batch))])
        return logits


def parameters(cell: str, hidden: int, vocabulary: int) -> int:
    return sum(p.numel() for p in Reader(cell, hidden, vocabulary).parameters())


def equal_size(cell: str, vocabulary: int) -> int:
    """The hidden size at which a cell has as many parameters as the LSTM."""
    wanted = parameters("lstm", HIDDEN, vocabulary)
    return min(range(8, 4 * HIDDEN), key=lambda hidden: abs(parameters(cell, hidden, vocabulary) - wanted))


def batches(examples: list[Example], rng: random.Random) -> list[list[Example]]:
    """Batches of stories of about one length, shuffled."""
    ordered = sorted(examples, key=lambda example: (len(example.ids), rng.random()))
    cut = [ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH)]
    rng.shuffle(cut)
    return cut


def train(cell: str, hidden: int, vocabulary: int, examples: list[Example], budget: float) -> tuple[Reader, int]:
    """Adam, the learning rate warming up and then falling to zero over the budget (seconds)."""
    torch.manual_seed(0)
    rng = random.Random(0)
    model = Reader(cell, hidden, vocabulary)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    begun, steps, queue = time.perf_counter(), 0, []
    while (spent := (time.perf_counter() - begun) / budget) < 1:
        queue = queue or batches(examples, rng)
        batch = queue.pop()
        optimizer.param_groups[0]["lr"] = RATE * min(spent / WARM, (1 - spent) / (1 - WARM))
        loss = nn.functional.cross_entropy(model(batch), torch.tensor([example.answer for example in batch]))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        steps += 1
    return model, steps


@torch.no_grad()
def accuracy(model: Reader, examples: list[Example]) -> float:
    """Share of the stories whose decisive word has the highest logit among its alternatives."""
    right = 0
    for start in range(0, len(examples), 200):
        batch = examples[start : start + 200]
        for logits, example in zip(model(batch), batch, strict=True):
            right += max(example.alternatives, key=lambda word: float(logits[word])) == example.answer
    return right / len(examples)


def measure(cell: str, budget: float) -> dict[str, float]:
    """One cell's row of the table."""
    vocabulary = Vocabulary()
    learnt = [vocabulary.example(s, learn=True) for d in TRAINED for s in long_range(d, STORIES, seed=1)]
    asked = {d: [vocabulary.example(s, learn=False) for s in long_range(d, ASKED, seed=2)] for d in DISTANCES}
    hidden = equal_size(cell, len(vocabulary.ids))
    model, steps = train(cell, hidden, len(vocabulary.ids), learnt, budget)
    row: dict[str, float] = {"hidden": hidden, "parameters": parameters(cell, hidden, len(vocabulary.ids))}
    row |= {"steps": steps, "epochs": steps * BATCH / len(learnt)}
    return row | {str(distance): accuracy(model, examples) for distance, examples in asked.items()}


def table(rows: dict[str, dict[str, float]]) -> str:
    """Markdown."""
    lines = [
        "| cell | hidden | parameters | steps |" + "".join(f" {d} words |" for d in DISTANCES),
        "|---|---|---|---|" + "---|" * len(DISTANCES),
    ]
    for cell, row in rows.items():
        shares = "".join(f" {100 * row[str(d)]:.1f} % |" for d in DISTANCES)
        lines.append(f"| `{cell}` | {row['hidden']:.0f} | {row['parameters']:,.0f} | {row['steps']:.0f} |{shares}")
    return "\n".join(lines)


def drawing(rows: dict[str, dict[str, float]], chance: float) -> str:
    """SVG: accuracy over the logarithm of the distance."""
    width, height, left, top = 640, 360, 56, 24
    inner_width, inner_height = width - left - 130, height - top - 56
    colours = ("#d1495b", "#00798c", "#edae49", "#30638e", "#66a182", "#8d6a9f", "#555555")

    def x(distance: float) -> float:
        return left + inner_width * math.log(distance / DISTANCES[0]) / math.log(DISTANCES[-1] / DISTANCES[0])

    def y(share: float) -> float:
        return top + inner_height * (1 - share)

    parts = [f'<rect width="{width}" height="{height}" fill="white"/>']
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(f'<path d="M{left} {y(share):.1f}H{left + inner_width}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for distance in DISTANCES:
        parts.append(f'<text x="{x(distance):.1f}" y="{y(0) + 20:.1f}" text-anchor="middle">{distance}</text>')
    parts.append(
        f'<text x="{left + inner_width / 2:.1f}" y="{y(0) + 42:.1f}" text-anchor="middle">'
        "words from the cause to the word it decides</text>"
    )
    parts.append(f'<path d="M{left} {y(chance):.1f}H{left + inner_width}" stroke="#888" stroke-dasharray="4 4"/>')
    labels = [(y(chance), "chance", "#888")]
    for (cell, row), colour in zip(rows.items(), colours, strict=False):
        points = [(x(d), y(row[str(d)])) for d in DISTANCES]
        path = "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in points]
        labels.append((points[-1][1], cell, colour))
    below = -math.inf
    for place, text, colour in sorted(labels):
        below = max(place, below + 15)  # labels do not cover each other
        parts.append(f'<text x="{left + inner_width + 8}" y="{below + 4:.1f}" fill="{colour}">{text}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
    return head + 'font-size="12">\n' + "\n".join(parts) + "\n</svg>\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--budget", type=float, default=75, help="seconds of training for each cell")
    parser.add_argument("--json", type=Path, help="keeps the results; what is in it is not measured again")
    parser.add_argument("--svg", type=Path, help="where to draw the chart")
    options = parser.parse_args()
    rows: dict[str, dict[str, float]] = {}
    if options.json and options.json.exists():
        rows = json.loads(options.json.read_text())
    for cell in options.cells:
        if cell not in rows:
            rows[cell] = measure(cell, options.budget)
            print(f"{cell}: {rows[cell]}", file=sys.stderr)
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    chance = sum(1 / len(s.links[0].alternatives) for s in long_range(80, ASKED, seed=2)) / ASKED
    print(describe())
    print(f"{options.budget:.0f} s of training a cell; chance {chance:.0%}\n\n{table(rows)}")
    if options.svg:
        options.svg.write_text(drawing(rows, chance))


if __name__ == "__main__":
    main()
