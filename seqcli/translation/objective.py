"""What a translation model learns: the next target token given the source and the target so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from seqcli.model.batches import packed
from seqcli.model.softmax import IGNORED, linear_cross_entropy
from seqcli.training.distributed import ALONE, Processes
from seqcli.training.options import Validation
from seqcli.training.task import Stateless
from seqcli.training.workers import part_count
from seqcli.translation.alignment import TranslationTable
from seqcli.translation.bitext import Bitext, pad
from seqcli.translation.copying import Copying
from seqcli.translation.decoder import TranslationDecoder
from seqcli.translation.evaluate import choose_measure, translation_quality
from seqcli.translation.network import TranslationModel
from seqcli.translation.options import TranslateRequest
from seqcli.translation.quality import Quality
from seqcli.translation.translate import Translator

GUIDED_STEPS = 1500  # updates in which the attention is taught, ever less, what counting found
GUIDANCE = 0.5  # weight of that beside the translation loss, at first
QUICK_PAIRS = 400  # of the validation pairs, looked at while training goes on
LOSS_TOKENS = 4000  # of a batch in which the validation loss is computed
PART_OPERATIONS = 4e8  # that a thread's part of a batch must have: two threads in Python cost each other milliseconds


@dataclass(frozen=True)
class Batch:
    """Pairs of like length, time first: source (source time, pairs) and lengths (pairs,), previous and targets (time,
    pairs), padding in `targets` being `IGNORED`; alignment (pairs, time, source time) while the attention is taught;
    the share of a process's tokens that these pairs have."""

    source: Tensor
    lengths: Tensor
    previous: Tensor
    targets: Tensor
    tokens: int
    alignment: Tensor | None = None
    guidance: float = 0.0
    share: float = 1.0


class TranslationTask(Stateless):
    """A translation model on a bitext, as a `seqcli.training.task.TrainingTask`.

    An epoch is a shuffle, in which pairs of like length come together in batches of about `batch_tokens` tokens on the
    longer side, padding counted. Validation is BLEU or chrF of greedy translations of a part of the validation pairs,
    and of beam search on all of them at the end. Several processes take every so many-th pair of each batch, and so do
    the threads of a process of its share.
    """

    tables: Sequence[nn.Parameter] = ()

    def __init__(
        self,
        model: TranslationModel,
        bitext: Bitext,
        *,
        batch_tokens: int,
        label_smoothing: float,
        seed: int,
        table: TranslationTable | None = None,
        processes: Processes = ALONE,
    ) -> None:
        self.model, self.bitext, self.seed, self.processes = model, bitext, seed, processes
        self.device = model.embedding.device
        self.batch_tokens, self.label_smoothing = batch_tokens, label_smoothing
        self.table = table if model.config.attention != "none" else None
        carries = bitext.preprocessing.carrier is not None
        self.copying = Copying(bitext.tokenizer, table) if carries else None
        self.end_id = bitext.tokenizer.boundary_id
        self.parameters = sum(math.prod(shape) for shape in model.config.parameter_shapes().values())
        self._epoch, self._batches = -1, list[np.ndarray]()
        self._changed: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # pairs of this epoch
        quick = np.random.default_rng(0).permutation(len(bitext.valid))[:QUICK_PAIRS]
        self.quick = sorted(quick.tolist())
        self.measure, self.why = choose_measure([pair.target for pair in bitext.valid])

    def num_batches(self, epoch: int) -> int:
        return len(self._of_epoch(epoch))

    def _of_epoch(self, epoch: int) -> list[np.ndarray]:
        if epoch != self._epoch:
            random = np.random.default_rng((self.seed, epoch))
            sources, targets = self.bitext.sources, self.bitext.targets
            self._changed = self.copying.some_of(sources, targets, random) if self.copying is not None else {}
            lengths = sources.lengths, targets.lengths
            for number, pair in self._changed.items():  # a longer pair makes all pairs of its batch longer
                lengths[0][number], lengths[1][number] = map(len, pair)
            self._epoch, self._batches = epoch, bucket(*lengths, self.batch_tokens, random)
        return self._batches

    def _pair(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """A training pair, in which something to be carried over may have been put for this epoch."""
        return self._changed.get(number) or (self.bitext.sources[number], self.bitext.targets[number])

    def parts(self, epoch: int, index: int) -> list[Batch]:
        batches = self._of_epoch(epoch)
        step = epoch * len(batches) + index  # about: the number of batches differs by a few from epoch to epoch
        guidance = GUIDANCE * max(0.0, 1 - step / GUIDED_STEPS)
        numbers = batches[index][self.processes.rank :: self.processes.size]
        if not len(numbers):  # a batch of fewer pairs than processes: read one, and learn nothing from it
            idle = self._make([self._pair(int(batches[index][0]))])
            return [replace(idle, targets=torch.full_like(idle.targets, IGNORED), tokens=0)]
        pairs = [self._pair(int(number)) for number in numbers]
        tokens = sum(max(map(len, pair)) for pair in pairs)
        worth = int(6 * self.parameters * tokens / PART_OPERATIONS)
        count = max(1, min(part_count(self.device, len(numbers)), worth))
        made = [self._make(pairs[part::count], guidance) for part in range(count)]
        whole = sum(part.tokens for part in made)
        return [replace(part, share=part.tokens / whole) for part in made]

    def _make(self, pairs: Sequence[tuple[np.ndarray, np.ndarray]], guidance: float = 0.0) -> Batch:
        source, lengths = pad([source for source, _ in pairs], self.end_id)
        target, target_lengths = pad([target for _, target in pairs], IGNORED)
        previous = np.vstack((np.full((1, len(pairs)), self.end_id), np.where(target < 0, self.end_id, target)[:-1]))
        alignment = None
        if self.table is not None and guidance > 0:
            taught = np.zeros((len(pairs), target.shape[0], source.shape[0]), np.float32)
            for row, pair in enumerate(pairs):
                taught[row, : target_lengths[row], : lengths[row]] = self.table.align(*pair)
            alignment = torch.from_numpy(taught).to(self.device)
        return Batch(
            source=torch.from_numpy(source).to(self.device),
            lengths=torch.from_numpy(lengths),
            previous=torch.from_numpy(previous).to(self.device),
            targets=torch.from_numpy(target).to(self.device),
            tokens=int(target_lengths.sum()),
            alignment=alignment,
            guidance=guidance,
        )

    def loss(self, batch: Batch) -> tuple[Tensor, int]:
        table = self.model.table()
        readouts, weights = self.model(batch.source, batch.lengths, batch.previous, table)
        total = self._cross_entropy(readouts, table, batch, self.label_smoothing)
        if batch.alignment is not None and weights is not None:
            missed = -(batch.alignment * (weights.float() + 1e-6).log()).sum()
            total = total + batch.guidance * missed
        return total / max(batch.tokens, 1) * batch.share, batch.tokens

    def _cross_entropy(self, readouts: Tensor, table: Tensor, batch: Batch, label_smoothing: float) -> Tensor:
        return linear_cross_entropy(
            readouts.flatten(0, 1),
            table,
            self.model.output_bias,
            batch.targets.flatten(),
            label_smoothing=label_smoothing,
        )

    def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
        """The measure that suits the targets (higher is better, so the score is its negative) and the others, the loss
        in nats a token, and one translation."""
        with self.model.with_parts():
            return self._validate(step, seconds, final)

    def _validate(self, step: int, seconds: float, final: bool) -> Validation:
        translator = Translator([decoder_of(self.model)], self.bitext.tokenizer, self.bitext.preprocessing)
        pairs = self.bitext.valid if final else [self.bitext.valid[number] for number in self.quick]
        search = TranslateRequest(beam=5 if final else 1)
        translations = list(translator.translate([pair.source for pair in pairs], search))
        found, references = [t.text for t in translations], [pair.target.strip() for pair in pairs]
        quality = translation_quality(found, references)
        loss = self._validation_loss()
        metrics = {"score": -quality[self.measure], **{n: quality[n] for n in ("bleu", "chrf", "exact")}, "loss": loss}
        shown = len(self.quick) // 2
        if final:
            estimate = Quality.fit([t.candidates[0].mean_log_probability for t in translations], found, references)
            metrics |= {"quality_intercept": estimate.intercept, "quality_slope": estimate.slope}
            return Validation(step, seconds, metrics)
        return Validation(step, seconds, metrics, sample=f"{pairs[shown].source} → {found[shown]}")

    def _validation_loss(self) -> float:
        sources, targets = self.bitext.valid_sources, self.bitext.valid_targets
        total, count, table = 0.0, 0, self.model.table()
        for numbers in bucket(sources.lengths, targets.lengths, LOSS_TOKENS):
            batch = self._make([(sources[int(number)], targets[int(number)]) for number in numbers])
            readouts, _ = self.model(batch.source, batch.lengths, batch.previous, table)
            total, count = total + self._cross_entropy(readouts, table, batch, 0.0).item(), count + batch.tokens
        return total / count


def decoder_of(model: TranslationModel) -> TranslationDecoder:
    """The model's present weights ready to decode: NumPy on a CPU, torch on another device."""
    tensors = {name: value.detach() for name, value in model.state_dict().items()}
    on_cpu = model.embedding.device.type == "cpu"
    return TranslationDecoder(model.config, {n: v.numpy() for n, v in tensors.items()} if on_cpu else tensors)


def bucket(
    source_lengths: np.ndarray, target_lengths: np.ndarray, batch_tokens: int, random: np.random.Generator | None = None
) -> list[np.ndarray]:
    """Numbers of pairs in batches of like length, whose longer side has at most `batch_tokens` places (or one pair).
    With `random` the order within a length, and of the batches, is drawn, and source lengths are blurred a little so
    that the same pairs do not always meet."""
    count = len(source_lengths)
    blurred = source_lengths if random is None else source_lengths + random.integers(-1, 2, count)
    tie = np.arange(count) if random is None else random.permutation(count)
    order = np.lexsort((tie, blurred, target_lengths))
    batches = packed(order, np.maximum(source_lengths, target_lengths), batch_tokens)
    if random is not None:
        random.shuffle(batches)
    return batches
