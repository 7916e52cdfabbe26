"""Small taggers: untrained ones with random weights, and one that has learnt a rule."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from seqcli.files.checkpoint import Checkpoint
from seqcli.tagging.config import TaggerConfig
from seqcli.tagging.decoder import TaggingDecoder
from seqcli.tagging.formats.columns import Columns
from seqcli.tagging.formats.lines import Segmented
from seqcli.tagging.labelling import Labelling
from seqcli.tagging.labels import LabelSet
from seqcli.tagging.lexicon import Lexicon
from seqcli.tagging.network import TaggingModel
from seqcli.tagging.schemes import BIOES, SCHEMES
from seqcli.tagging.tag import Tagger
from seqcli.tagging.words import WordRule

NAMES = ("Ann", "Bo", "Carla", "Deng", "Eve")
PLACES = (("New", "York"), ("Paris",), ("San", "Jose"), ("Rome",))


def entity_sentences(count: int, seed: int) -> list[tuple[list[str], list[str]]]:
    """Sentences in which people go from one place to another, with entities in IOB2."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        steps, labels = [rng.choice(NAMES)], ["B-PER"]
        for word in ("left", "for")[: rng.randint(1, 2)]:
            steps.append(word)
            labels.append("O")
        place = rng.choice(PLACES)
        steps += place
        labels += ["B-LOC"] + ["I-LOC"] * (len(place) - 1)
        if rng.random() < 0.5:
            steps.append(".")
            labels.append("O")
        made.append((steps, labels))
    return made


def word_labelling() -> Labelling:
    """Vocabulary and labels of the entity sentences."""
    sentences = entity_sentences(60, 1)
    steps = [steps for steps, _ in sentences]
    return Labelling(
        Lexicon.learn(steps, "word"),
        LabelSet.learn([labels for _, labels in sentences], SCHEMES[0]),
        Columns("\t", 2, 0, 1),
        WordRule.learn(steps),
    )


def character_labelling() -> Labelling:
    """Vocabulary and labels of text that is to be cut into words."""
    lines = ["迈向 充满 希望 的 新 世纪", "新 世纪 的 讲话", "希望 的 讲话"] * 3
    labels = [
        [label for word in line.split() for label in BIOES.labels([(0, len(word), "")], len(word))] for line in lines
    ]
    texts = ["".join(line.split()) for line in lines]
    return Labelling(Lexicon.learn(texts, "character"), LabelSet.learn(labels, BIOES), Segmented(), None)


def config_of(labelling: Labelling, **settings) -> TaggerConfig:
    sizes = {"word_width": 6, "character_width": 5, "reader_hidden": 4, "affix_width": 3, "pair_width": 3, "hidden": 7}
    return TaggerConfig(labels=len(labelling.labels), **labelling.lexicon.sizes(), **{**sizes, **settings})


def random_model(labelling: Labelling, **settings) -> TaggingModel:
    torch.manual_seed(0)
    model = TaggingModel(config_of(labelling, **settings)).eval()
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name in ("transitions", "start", "end"):
                value.normal_()
    return model


def tagger_of(model: TaggingModel, labelling: Labelling) -> Tagger:
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    return Tagger(TaggingDecoder(model.config, labelling.lexicon, labelling.labels, weights), labelling)


@pytest.fixture(params=["word", "character", "no-crf", "gru"])
def labelled_model(request):
    """A model with random weights and its labelling: words, characters, without a CRF, with another cell."""
    labelling = character_labelling() if request.param == "character" else word_labelling()
    settings = {"no-crf": {"crf": False}, "gru": {"cell": "gru", "layers": 2}}
    return random_model(labelling, **settings.get(request.param, {})), labelling


@pytest.fixture(scope="session")
def checkpoint() -> Checkpoint:
    """A tagger with random weights, as a model file has it."""
    from dataclasses import asdict

    labelling = word_labelling()
    model = random_model(labelling)
    weights = {name: np.asarray(value.detach().numpy()) for name, value in model.state_dict().items()}
    return Checkpoint("tag", asdict(model.config), weights, labelling.to_blobs())
