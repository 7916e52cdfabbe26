"""What a tagger learns: the labels of each sentence, as one decision with a CRF, step by step without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seqcli.model.crf import forbid, log_likelihood
from seqcli.tagging.data import LabelledText
from seqcli.tagging.decoder import TaggingDecoder
from seqcli.tagging.encoding import batch_of, by_length
from seqcli.tagging.evaluate import quality
from seqcli.tagging.labels import LabelSet
from seqcli.tagging.lexicon import UNKNOWN
from seqcli.tagging.network import Steps, TaggingModel
from seqcli.tagging.recipe import Recipe
from seqcli.training.distributed import ALONE, Processes
from seqcli.training.options import Validation
from seqcli.training.run import weights_of
from seqcli.training.task import Stateless
from seqcli.training.workers import part_count

FORGOTTEN = 0.25  # a word that stands n times in the text is unknown with the chance FORGOTTEN / (FORGOTTEN + n)
FORGOTTEN_PAIRS = 1.0  # the same of a pair of characters
IGNORED = -100
QUICK_STEPS = 40_000  # of the validation sentences, looked at while training goes on


@dataclass(frozen=True)
class Labelled:
    """Sentences with their labels, (time, batch); the number of steps; their share of those of this process's batch."""

    steps: Steps
    labels: Tensor
    tokens: int
    share: float = 1.0


class TaggingTask(Stateless):
    """A tagger on labelled sentences, as a `seqcli.training.task.TrainingTask`.

    An epoch is a shuffle, in which sentences of like length come together in batches of about `recipe.batch_steps`
    steps, padding counted; a sentence of more than `recipe.longest` steps is learnt from in several stretches. Rare
    words are now and then taken for unknown ones, so that these are learnt, too (Kiperwasser & Goldberg 2016).
    Validation is by the decoder that `tag` uses.
    """

    def __init__(
        self, model: TaggingModel, data: LabelledText, recipe: Recipe, *, seed: int, processes: Processes = ALONE
    ) -> None:
        encoded, labels = data.encoded, data.labelling.labels
        self.model, self.data, self.encoded, self.recipe = model, data, encoded, recipe
        self.seed, self.processes = seed, processes
        self.device = model.get_parameter("words").device
        self.allowed = [torch.from_numpy(mask).to(self.device) for mask in labels.allowed]
        self.starts, self.stops, self.sentences = stretches(encoded.starts, data.numbers, labels, recipe.longest)
        self.tables: Sequence[nn.Parameter] = [model.get_parameter(name) for name in model.config.tables()]
        words = encoded.types if encoded.spellings is None else encoded.spellings.words[encoded.types]
        self.words, self.forgotten = words.astype(np.int64), _chances(words, FORGOTTEN)
        self.pairs = np.zeros(0, np.int64) if encoded.pairs is None else encoded.pairs
        self.forgotten_pairs = _chances(self.pairs, FORGOTTEN_PAIRS)
        self._epoch, self._batches = -1, list[np.ndarray]()
        lengths = np.array([len(sentence.steps) for sentence in data.valid], np.int64)
        order = np.random.default_rng(seed).permutation(len(lengths))
        count = int(np.searchsorted(np.cumsum(lengths[order]), QUICK_STEPS)) + 1
        self.quick = sorted(order[:count].tolist())

    def num_batches(self, epoch: int) -> int:
        return len(self._of_epoch(epoch))

    def _of_epoch(self, epoch: int) -> list[np.ndarray]:
        """The batches of an epoch; which words and pairs are unknown in it is drawn, too."""
        if epoch != self._epoch:
            random = np.random.default_rng((self.seed, epoch))
            self._epoch, self._batches = epoch, by_length(self.stops - self.starts, self.recipe.batch_steps, random)
            self._words = _forgetting(self.words, self.forgotten, random)
            self._pairs = _forgetting(self.pairs, self.forgotten_pairs, random)
        return self._batches

    def parts(self, epoch: int, index: int) -> list[Labelled]:
        chosen = self._of_epoch(epoch)[index]
        numbers = chosen[self.processes.rank :: self.processes.size]
        if not len(numbers):  # a batch of fewer sentences than processes: read one, and learn nothing from it
            return [replace(self._make(chosen[:1]), tokens=0)]
        count = part_count(self.device, len(numbers))
        made = [self._make(numbers[part::count]) for part in range(count)]
        whole = sum(part.tokens for part in made)
        return [replace(part, share=part.tokens / whole) for part in made]

    def _make(self, numbers: np.ndarray) -> Labelled:
        encoded = self.encoded
        places, lengths, pair_places = batch_of(self.starts[numbers], self.stops[numbers], self.sentences[numbers])
        words = self._words[places]
        spelled: dict[str, Tensor] = {}
        if encoded.spellings is not None:
            rows, spelling = np.unique(encoded.types[places], return_inverse=True)
            characters = encoded.spellings.lengths[rows]
            spelled = {
                "spelling": self._tensor(spelling.reshape(words.shape)),
                "characters": self._tensor(encoded.spellings.characters[rows, : characters.max()].T),
                "character_lengths": torch.from_numpy(characters),
                "affixes": self._tensor(encoded.spellings.affixes[rows]),
            }
        if encoded.pairs is not None:
            spelled["pairs"] = self._tensor(self._pairs[pair_places])
        steps = Steps(self._tensor(words), torch.from_numpy(lengths), **spelled)
        return Labelled(steps, self._tensor(self.data.numbers[places]), int(lengths.sum()))

    def _tensor(self, ids: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(ids, np.int64)).to(self.device)

    def loss(self, part: Labelled) -> tuple[Tensor, int]:
        outputs = self.model.read(part.steps)
        emissions = self.model.scores(outputs)
        if self.model.config.crf:
            names = ("transitions", "start", "end")
            transitions, start, end = (
                forbid(self.model.get_parameter(name), allowed)
                for name, allowed in zip(names, self.allowed, strict=True)
            )
            lengths = part.steps.lengths.numpy()
            total = -log_likelihood(emissions, transitions, start, end, part.labels, lengths).sum()
        else:
            behind = torch.arange(len(emissions), device=self.device)[:, None] >= part.steps.lengths.to(self.device)
            targets = part.labels.masked_fill(behind, IGNORED)
            total = functional.cross_entropy(emissions.flatten(0, 1).float(), targets.flatten(), reduction="sum")
        if not part.tokens:
            return total * 0.0, 0
        loss = total / part.tokens
        if self.model.neighbours and self.model.training:
            loss = loss + self.model.neighbours * self.model.auxiliary(outputs, part.steps)
        return loss * part.share, part.tokens

    def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
        """Accuracy and, for chunk labels, precision, recall and F1; the score is the negative of the last of them."""
        data, labels = self.data, self.data.labelling.labels
        decoder = TaggingDecoder(self.model.config, data.labelling.lexicon, labels, weights_of(self.model))
        numbers = range(len(data.valid)) if final else self.quick
        steps = [data.valid[number].steps for number in numbers]
        found = [decided.labels for decided in decoder.decide(steps)]
        figures = quality(labels, found, [data.gold[number] for number in numbers])
        figures.pop("kinds", None)
        metrics = {"score": -figures.get("f1", figures["accuracy"]), **figures}
        if final:
            return Validation(step, seconds, metrics)
        shown = len(steps) // 2
        pairs = list(zip(steps[shown], labels.written(found[shown]), strict=True))
        return Validation(step, seconds, metrics, " ".join(f"{one}/{label}" for one, label in pairs[:20]))


def _chances(ids: np.ndarray, forgotten: float) -> np.ndarray:
    """The chance with which each type is taken for an unknown one, by how often it stands among `ids`."""
    return np.asarray(forgotten / (forgotten + np.bincount(ids, minlength=UNKNOWN + 1)))


def _forgetting(ids: np.ndarray, chances: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """`ids`, each unknown with the chance of its type."""
    return np.where(random.random(ids.shape) < chances[ids], UNKNOWN, ids)


def stretches(
    starts: np.ndarray, numbers: np.ndarray, labels: LabelSet, longest: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the stretches of at most `longest` steps begin and end, and which sentence each is of. A long sentence is
    cut where one of its chunks ends, if there is such a place in the last half of a stretch."""
    _, first, last = labels.allowed
    found: list[tuple[int, int, int]] = []
    for sentence, (start, stop) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)):
        while stop - start > longest:
            ends = np.arange(start + longest // 2, start + longest)
            possible = ends[last[numbers[ends - 1]] & first[numbers[ends]]]
            if not len(possible):  # one chunk longer than half a stretch
                ends = np.arange(start + longest, stop)
                possible = ends[last[numbers[ends - 1]] & first[numbers[ends]]][:1]
                if not len(possible):
                    break
            found.append((start, int(possible[-1]), sentence))
            start = int(possible[-1])
        found.append((start, stop, sentence))
    begin, end, of = np.array(found, np.int64).T
    return begin, end, of
