"""How long each cell remembers: accuracy of a story's decisive word against its distance from the cause.

    python benchmarks/long_range.py [--steps N] [--mixed] [--cells rnn lstm ...] [--svg FILE] [--json FILE]

Every cell gets the same stories of the sample grammar, distances from 5 to 200 words, as many parameters and as many
steps: short distances first (their limit grows over the first half of training), or with `--mixed` all of them from the
first step. A cell reads the words of a story up to the decisive one and is trained and asked for that one alone: the
question is what it remembers, not how well it writes. Accuracy is among the alternatives, over new stories of each
distance and as many of each kind of dependency. Half of the kinds have two alternatives, for which one unit that stays
where it was pushed will do; the others have four to six, and the chart is of these. Two cells are trained at a time,
each by one thread. `--json` keeps results: cells that are in that file are not measured again.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from machine import describe
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sample_data.english import ENGLISH
from sample_data.make import long_range
from sample_data.stories import Story
from seqcli.model.cells import CELLS
from seqcli.model.stack import RecurrentStack
from seqcli.model.stepping import StackShape

DISTANCES = (5, 10, 20, 40, 80, 160)
TRAINED = (5, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 180, 200)
STORIES = 600  # to train on, of each of these distances
KINDS = tuple(ENGLISH.dependencies)
MANY = tuple(kind for kind in KINDS if len(ENGLISH.dependencies[kind].causes) > 2)  # more than one bit to remember
ASKED = 75  # to be tested on, of each kind at each of DISTANCES
EMBEDDING, HIDDEN = 32, 64  # of the LSTM; the others' hidden sizes give as many parameters
BATCH, STEPS, WARM = 64, 2000, 0.03
SHORTEST, EPISODE = 16, 50  # words that distances grow from; batches between two looks at how far they have grown
RATES = {"rnn": 0.004, "mogrifier-lstm": 0.003}  # these take smaller steps
RATE = 0.01  # the other cells
WORD = ENGLISH.unit


@dataclass(frozen=True)
class Example:
    """Ids of the words before the decisive one, that word's id, the ids it is chosen from, and how far its cause is."""

    kind: str
    distance: int
    ids: Tensor
    answer: int
    alternatives: tuple[int, ...]


class Vocabulary:
    """Words; those that training does not show share an id."""

    def __init__(self) -> None:
        self.ids = {"<unknown>": 0}

    def example(self, story: Story, *, learn: bool) -> Example:
        (link,) = story.links
        read = WORD.findall(story.text[: link.offset].lower())
        words = [*read, *(alternative.lower() for alternative in link.alternatives)]
        for word in words if learn else ():
            self.ids.setdefault(word, len(self.ids))
        ids = [self.ids.get(word, 0) for word in words]
        choices = tuple(ids[len(read) :])
        answer = choices[link.alternatives.index(link.answer)]
        return Example(link.kind, link.distance, torch.tensor(ids[: len(read)]), answer, choices)


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


def train(cell: str, hidden: int, vocabulary: int, examples: list[Example], steps: int, mixed: bool) -> Reader:
    """Adam, the learning rate warming up and then falling to zero; distances grow over the first half unless mixed."""
    torch.manual_seed(0)
    rng = random.Random(0)
    model = Reader(cell, hidden, vocabulary)
    optimizer = torch.optim.Adam(model.parameters())
    queue: list[list[Example]] = []
    for step in range(steps):
        share = step / steps
        if not queue:
            limit = SHORTEST * (TRAINED[-1] / SHORTEST) ** (1.0 if mixed else min(1.0, 2 * share))
            queue = batches([example for example in examples if example.distance <= limit], rng)[:EPISODE]
        batch = queue.pop()
        optimizer.param_groups[0]["lr"] = RATES.get(cell, RATE) * min(share / WARM, (1 - share) / (1 - WARM))
        loss = nn.functional.cross_entropy(model(batch), torch.tensor([example.answer for example in batch]))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 250 == 249:
            print(f"{cell}: step {step + 1}, loss {loss.item():.2f}", file=sys.stderr, flush=True)
    return model


@torch.no_grad()
def accuracy(model: Reader, examples: list[Example]) -> float:
    """Share of the stories whose decisive word has the highest logit among its alternatives."""
    right = 0
    for start in range(0, len(examples), 200):
        batch = examples[start : start + 200]
        for logits, example in zip(model(batch), batch, strict=True):
            right += max(example.alternatives, key=lambda word: float(logits[word])) == example.answer
    return right / len(examples)


def questions(distance: int) -> list[Story]:
    """Stories to be tested on, as many of each kind of dependency."""
    return [story for kind in KINDS for story in long_range(distance, ASKED, kind=kind, seed=2)]


def measure(cell: str, steps: int, mixed: bool) -> dict[str, float]:
    """One cell's row of the table."""
    torch.set_num_threads(1)
    vocabulary = Vocabulary()
    learnt = [vocabulary.example(s, learn=True) for d in TRAINED for s in long_range(d, STORIES, seed=1)]
    asked = {d: [vocabulary.example(story, learn=False) for story in questions(d)] for d in DISTANCES}
    hidden = equal_size(cell, len(vocabulary.ids))
    begun = time.perf_counter()
    model = train(cell, hidden, len(vocabulary.ids), learnt, steps, mixed)
    row: dict[str, float] = {"hidden": hidden, "parameters": parameters(cell, hidden, len(vocabulary.ids))}
    row |= {"steps": steps, "seconds": round(time.perf_counter() - begun, 1)}
    for distance, examples in asked.items():
        row[str(distance)] = accuracy(model, examples)
        row[f"{distance} many"] = accuracy(model, [example for example in examples if example.kind in MANY])
    return row


def table(rows: dict[str, dict[str, float]]) -> str:
    """Markdown: of the kinds with four to six alternatives, and in brackets of all."""
    lines = [
        "| cell | hidden | parameters | seconds |" + "".join(f" {d} words |" for d in DISTANCES),
        "|---|---|---|---|" + "---|" * len(DISTANCES),
    ]
    for cell, row in rows.items():
        shares = "".join(f" {100 * row[f'{d} many']:.1f} % ({100 * row[str(d)]:.1f}) |" for d in DISTANCES)
        lines.append(f"| `{cell}` | {row['hidden']:.0f} | {row['parameters']:,.0f} | {row['seconds']:.0f} |{shares}")
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
        points = [(x(d), y(row[f"{d} many"])) for d in DISTANCES]
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
    parser.add_argument("--steps", type=int, default=STEPS, help=f"updates of each cell, {BATCH} stories at a time")
    parser.add_argument("--mixed", action="store_true", help="all distances from the first step")
    parser.add_argument("--json", type=Path, help="keeps the results; what is in it is not measured again")
    parser.add_argument("--svg", type=Path, help="where to draw the chart")
    options = parser.parse_args()
    rows: dict[str, dict[str, float]] = {}
    if options.json and options.json.exists():
        rows = json.loads(options.json.read_text())
    missing = [cell for cell in options.cells if cell not in rows]
    with ProcessPoolExecutor(2) as pool:
        for cell, row in zip(
            missing, pool.map(partial(measure, steps=options.steps, mixed=options.mixed), missing), strict=True
        ):
            rows[cell] = row
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    rows = {cell: rows[cell] for cell in CELLS if cell in rows}
    chance, of_all = (sum(1 / len(ENGLISH.dependencies[kind].causes) for kind in k) / len(k) for k in (MANY, KINDS))
    print(describe())
    order = "all distances from the first step" if options.mixed else "short distances first"
    print(f"{options.steps} steps of {BATCH} stories, {order}; chance {chance:.1%} ({of_all:.1%})\n\n{table(rows)}")
    if options.svg:
        options.svg.write_text(drawing(rows, chance))


if __name__ == "__main__":
    main()
