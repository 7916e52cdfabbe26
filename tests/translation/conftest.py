"""A small bitext with a change of word order, and a model that has learned it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from seqcli.files.checkpoint import load_checkpoint
from seqcli.training.pipeline import train
from seqcli.translation.options import TrainRequest
from seqcli.translation.train import TASK
from seqcli.translation.translate import Translator

NOUNS = {"dog": "chien", "cat": "chat", "bird": "oiseau", "fish": "poisson"}
COLOURS = {"red": "rouge", "black": "noir", "blue": "bleu", "white": "blanc"}
VERBS = {"sees": "voit", "eats": "mange", "hears": "entend"}
PAIRS = [
    (f"the {c} {n} {v} the {d} {m}", f"le {NOUNS[n]} {COLOURS[c]} {VERBS[v]} le {NOUNS[m]} {COLOURS[d]}")
    for c, n, v, d, m in itertools.product(COLOURS, NOUNS, VERBS, COLOURS, NOUNS)
]


def write_pairs(path: Path, pairs: list[tuple[str, str]]) -> str:
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("translation")
    request = TrainRequest(
        pairs=(write_pairs(folder / "pairs.tsv", PAIRS),),
        output=folder / "pairs.mt.safetensors",
        tokens="word",
        hidden=48,
        embedding=32,
        dropout=0.0,
        label_smoothing=0.0,
        batch_size=256,
        learning_rate=0.01,
        steps=240,
    )
    return train(TASK, request).path


@pytest.fixture(scope="session")
def translator(model_path: Path) -> Translator:
    return Translator.load([load_checkpoint(model_path, task="mt")])
