"""A trained tagger on NumPy arrays: sentences to scores of labels, and to labels, probabilities and the n best."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from seqcli.errors import CheckpointError
from seqcli.files.checkpoint import Checkpoint, check_parameters
from seqcli.model.batches import packed
from seqcli.model.chain import FORBIDDEN, Chain
from seqcli.model.encoding import Inputs, Lanes, encode
from seqcli.model.stepping import SteppingStack
from seqcli.model.threads import cores, each_on_a_core
from seqcli.tagging.config import TaggerConfig
from seqcli.tagging.labelling import Labelling
from seqcli.tagging.labels import LabelSet
from seqcli.tagging.lexicon import Lexicon, Spellings

LANES = 256  # sentences that are read side by side: what caches hold
SPELLED = 5_000  # words whose characters are read together
REMEMBERED = 50_000  # words whose spelling need not be read again
FEWEST, MOST, KEPT = 25_000, 200_000, 20_000_000  # steps that are read together, and what is kept of them, in numbers
DECIDED = 50_000  # steps whose labels are decided on together
# A sentence of more than LONG steps is read in stretches, each with the steps on both its sides: one step after the
# other takes long, and what a network has learnt it has learnt from stretches of fewer steps (`recipe.py`)
LONG, STRETCH, BESIDE = 2_000, 300, 100
Scored = tuple[np.ndarray, np.ndarray, np.ndarray]  # see `TaggingDecoder.batches`


@dataclass(frozen=True)
class Decided:
    """What a tagger finds for a sentence: the numbers of its labels (steps,), and on demand the probability of each and
    the log of that of all, in nats, and further label sequences with the logs of theirs."""

    labels: np.ndarray
    probabilities: np.ndarray | None = None
    log_probability: float | None = None
    others: Sequence[tuple[np.ndarray, float]] = ()


@dataclass(frozen=True)
class Stretches:
    """What sentences are read in: the sentence of each stretch, where in it what is read begins, and how many steps
    that is (stretches,); the number of each sentence's first stretch, and the steps each is for (sentences,)."""

    sentences: np.ndarray
    begins: np.ndarray
    sizes: np.ndarray
    first: np.ndarray
    each: np.ndarray

    @classmethod
    def cut(cls, lengths: np.ndarray) -> Stretches:
        """Those of sentences of `lengths` steps: a long one's overlap, any other is one."""
        each = np.where(lengths > LONG, STRETCH, lengths)
        counts = -(-lengths // each)
        sentences, first = np.repeat(np.arange(len(lengths)), counts), np.cumsum(counts) - counts
        sizes = np.where(lengths > LONG, STRETCH + 2 * BESIDE, lengths)[sentences]
        begins = (np.arange(len(sentences)) - first[sentences]) * STRETCH - BESIDE
        return cls(sentences, np.clip(begins, 0, lengths[sentences] - sizes), sizes, first, each)


class TaggingDecoder:
    """A tagger's parameters, named and shaped as `TaggerConfig.parameter_shapes` says; `CheckpointError` otherwise."""

    def __init__(
        self, config: TaggerConfig, lexicon: Lexicon, labels: LabelSet, parameters: Mapping[str, np.ndarray]
    ) -> None:
        check_parameters(config.parameter_shapes(), parameters)
        self.config, self.lexicon, self.labels, self.parameters = config, lexicon, labels, parameters
        self.stack = SteppingStack(config.stack, parameters, "stack.")
        self.reader = None if config.reader is None else SteppingStack(config.reader, parameters, "reader.")
        zeros = [np.zeros(mask.shape, np.float32) for mask in labels.allowed]
        scores = [parameters[name] for name in ("transitions", "start", "end")] if config.crf else zeros
        possible = [np.where(mask, s, np.float32(FORBIDDEN)) for mask, s in zip(labels.allowed, scores, strict=True)]
        self.chain = Chain(*possible)
        self._rows: dict[str, int] = {}  # of words whose input is known
        self._inputs = np.empty((0, config.word_width + config.type_width), np.float32)

    def decide(
        self, sentences: Sequence[Sequence[str]], *, probabilities: bool = False, n_best: int = 1
    ) -> list[Decided]:
        """The labels of some sentences, each of at least one step, in their order."""
        found: dict[int, Decided] = {}

        def decide(batch: Callable[[], Iterator[Scored]]) -> None:
            for numbers, emissions, lengths in batch():
                decided = self._decide(emissions, lengths, probabilities, n_best)
                found.update(zip(numbers.tolist(), decided, strict=True))

        each_on_a_core(decide, self.batches(sentences))
        return [found[number] for number in range(len(sentences))]

    def _decide(
        self, emissions: np.ndarray, lengths: np.ndarray, probabilities: bool, n_best: int
    ) -> Iterator[Decided]:
        best = self.chain.best(emissions, lengths)
        if not probabilities and n_best == 1:
            yield from map(Decided, best)
            return
        marginals, norms = self.chain.marginals(emissions, lengths)
        for row, labels in enumerate(best):
            length, norm = lengths[row], float(norms[row])
            others = self.chain.n_best(emissions[:length, row], n_best)[1:] if n_best > 1 else []
            yield Decided(
                labels,
                marginals[np.arange(length), row, labels] if probabilities else None,
                self.chain.score(emissions[:length, row], labels) - norm,
                [(other, score - norm) for other, score in others],
            )

    def batches(self, sentences: Sequence[Sequence[str]]) -> list[Callable[[], Iterator[Scored]]]:
        """What makes the scores of labels of some of the sentences, those of like length together, the longest first:
        their numbers, the scores, (time, batch, labels), and their lengths."""
        lengths = np.array([len(sentence) for sentence in sentences], np.int64)
        if not (steps := int(lengths.sum())):
            return []
        starts = np.concatenate(([0], np.cumsum(lengths)))
        types = self._types(sentences)
        pairs = self.lexicon.pair_ids(types, starts) if self.config.pairs else None
        config = self.config
        width = config.labels if config.layers == 1 else max(config.labels, 2 * config.hidden)
        count = -(-steps // max(1, min(MOST, KEPT // width)))
        if steps >= 2 * FEWEST:
            count = max(count, min(cores(), steps // FEWEST))
        count = min(count, len(lengths))
        falling = np.argsort(-lengths, kind="stable")
        table = self._inputs if self.lexicon.unit == "word" else self.parameters["words"]
        return [partial(self._scores, table, types, pairs, starts, falling[n::count]) for n in range(count)]

    def _scores(
        self, table: np.ndarray, types: np.ndarray, pairs: np.ndarray | None, starts: np.ndarray, numbers: np.ndarray
    ) -> Iterator[Scored]:
        lengths = starts[numbers + 1] - starts[numbers]
        cut = Stretches.cut(lengths)
        lanes, begins = Lanes.pack(cut.sizes, LANES), starts[numbers][cut.sentences] + cut.begins
        beside: list[tuple[np.ndarray, np.ndarray]] = []
        if pairs is not None:
            left = lanes.spread(begins + numbers[cut.sentences])
            beside = [(self.parameters["pairs"], pairs[places]) for places in (left, left + 1)]
        inputs = Inputs(table, types[lanes.spread(begins)], beside)
        scores = encode(self.stack, inputs, lanes, self.parameters["output_weight"])
        scores += self.parameters["output_bias"]
        for chosen in packed(np.argsort(lengths, kind="stable"), lengths, DECIDED):
            chosen = chosen[np.argsort(-lengths[chosen], kind="stable")]
            steps = np.minimum(np.arange(lengths[chosen[0]])[:, None], lengths[chosen] - 1)  # the last one repeated
            of = cut.first[chosen] + steps // cut.each[chosen]
            yield numbers[chosen], lanes.gather(scores, of, steps - cut.begins[of]), lengths[chosen]

    def _types(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """The rows that say what each step is: ids of characters, or places in `_inputs` of words."""
        if self.lexicon.unit == "character":
            return self.lexicon.character_ids(sentences)
        if len(self._rows) > REMEMBERED:
            self._rows, self._inputs = {}, self._inputs[:0]
        rows, known = self._rows, len(self._rows)
        types = [rows.setdefault(step, len(rows)) for sentence in sentences for step in sentence]
        if len(rows) > known:
            spellings = self.lexicon.spell(list(rows)[known:])
            new = np.concatenate((self.parameters["words"][spellings.words], *self._spelled(spellings)), 1)
            self._inputs = np.concatenate((self._inputs, new))
        return np.array(types, np.int64)

    def _spelled(self, spellings: Spellings) -> list[np.ndarray]:
        """What the spelling of words gives: parts of (words, type width)."""
        parts = []
        if self.reader is not None:
            half = self.config.reader_hidden
            read = np.empty((len(spellings.lengths), 2 * half), np.float32)
            for start in range(0, len(read), SPELLED):
                lengths, characters = spellings.lengths[start:][:SPELLED], spellings.characters[start:][:SPELLED]
                lanes = Lanes.pack(lengths, LANES)
                places = lanes.spread(np.arange(len(lengths)) * characters.shape[1])
                outputs = encode(self.reader, Inputs(self.parameters["characters"], characters.ravel()[places]), lanes)
                read[start : start + SPELLED, :half] = outputs[lanes.first + lengths - 1, lanes.lane, :half]
                read[start : start + SPELLED, half:] = outputs[lanes.first, lanes.lane, half:]
            parts.append(read)
        if self.config.affixes:
            parts.append(self.parameters["affixes"][spellings.affixes].sum(1))
        return parts


def load_tagging_decoder(checkpoint: Checkpoint, labelling: Labelling) -> TaggingDecoder:
    """The decoder of a checkpoint; `CheckpointError` for one that does not hold together."""
    config = TaggerConfig.from_json(checkpoint.config)
    has = {"labels": len(labelling.labels), **labelling.lexicon.sizes()}
    for name, size in has.items():
        if size != (wanted := getattr(config, name)):
            raise CheckpointError(f"the model's vocabulary has {size} {name}, its network {wanted}")
    return TaggingDecoder(config, labelling.lexicon, labelling.labels, checkpoint.tensors)
