"""What a tagger learns: the labels of each sentence, as one decision with a CRF, step by step without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seqcli.model.crf import forbid, log_likelihood
from seqcli.tagging.encoding import Encoded, batch_of, by_length
from seqcli.tagging.labels import LabelSet
from seqcli.tagging.lexicon import UNKNOWN
from seqcli.tagging.network import Steps, TaggingModel
from seqcli.training.distributed import ALONE, Processes
from seqcli.training.options import Validation
from seqcli.training.task import Stateless
from seqcli.training.workers import part_count

FORGOTTEN = 0.25  # a word that stands n times in the text is unknown with the chance FORGOTTEN / (FORGOTTEN + n)
FORGOTTEN_PAIRS = 1.0  # the same of a pair of characters
IGNORED = -100


@dataclass(frozen=True)
class Labelled:
    """Sentences with their labels, (time, batch); the number of steps; their share of those of this process's batch."""

    steps: Steps
    labels: Tensor
    lengths: np.ndarray
    tokens: int
    share: float = 1.0


class TaggingTask(Stateless):
    """A tagger on labelled sentences, as a `seqcli.training.task.TrainingTask`.

    An epoch is a shuffle, in which sentences of like length come together in batches of about `batch_steps` steps,
    padding counted; a sentence of more than `longest` steps is learnt from in several stretches. Rare words are now and
    then taken for unknown ones, so that these are learnt, too (Kiperwasser & Goldberg 2016). `measure` gives the
    validation's metrics, of a part of the data or of all of it.
    """

    def __init__(
        self,
        model: TaggingModel,
        encoded: Encoded,
        labels: LabelSet,
        *,
        batch_steps: int,
        longest: int,
        seed: int,
        measure: Callable[[TaggingModel, bool], tuple[dict[str, float], str | None]],
        processes: Processes = ALONE,
    ) -> None:
        assert encoded.labels is not None
        self.model, self.encoded, self.numbers = model, encoded, encoded.labels
        self.seed, self.processes = seed, processes
        self.device = model.get_parameter("words").device
        self.batch_steps, self.measure = batch_steps, measure
        self.allowed = [torch.from_numpy(mask).to(self.device) for mask in labels.allowed]
        self.starts, self.stops, self.sentences = stretches(encoded.starts, self.numbers, labels, longest)
        self.tables: Sequence[nn.Parameter] = [model.get_parameter(name) for name in model.config.tables()]
        words = encoded.types if encoded.spellings is None else encoded.spellings.words[encoded.types]
        self.words, self.forgotten = words.astype(np.int64), _chances(words, FORGOTTEN)
        self.pairs = np.zeros(0, np.int64) if encoded.pairs is None else encoded.pairs
        self.forgotten_pairs = _chances(self.pairs, FORGOTTEN_PAIRS)
        self._epoch, self._batches = -1, list[np.ndarray]()

    def num_batches(self, epoch: int) -> int:
        return len(self._of_epoch(epoch))

    def _of_epoch(self, epoch: int) -> list[np.ndarray]:
        """The batches of an epoch; which words and pairs are unknown in it is drawn, too."""
        if epoch != self._epoch:
            random = np.random.default_rng((self.seed, epoch))
            self._epoch, self._batches = epoch, list(by_length(self.stops - self.starts, self.batch_steps, random))
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
        batch = batch_of(self.starts[numbers], self.stops[numbers], self.sentences[numbers])
        words = self._words[batch.places]
        spelled: dict[str, Tensor] = {}
        if encoded.spellings is not None:
            rows, spelling = np.unique(encoded.types[batch.places], return_inverse=True)
            lengths = encoded.spellings.lengths[rows]
            spelled = {
                "spelling": self._tensor(spelling.reshape(words.shape)),
                "characters": self._tensor(encoded.spellings.characters[rows, : lengths.max()].T),
                "character_lengths": torch.from_numpy(lengths),
                "affixes": self._tensor(encoded.spellings.affixes[rows]),
            }
        if encoded.pairs is not None:
            spelled["pairs"] = self._tensor(self._pairs[batch.pair_places])
        return Labelled(
            steps=Steps(self._tensor(words), torch.from_numpy(batch.lengths), **spelled),
            labels=self._tensor(self.numbers[batch.places]),
            lengths=batch.lengths,
            tokens=int(batch.lengths.sum()),
        )

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
            total = -log_likelihood(emissions, transitions, start, end, part.labels, part.lengths).sum()
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
        metrics, sample = self.measure(self.model, final)
        return Validation(step, seconds, metrics, sample)


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
