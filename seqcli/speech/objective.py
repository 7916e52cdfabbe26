"""What a speech recogniser learns: connectionist temporal classification (Graves et al. 2006) of joined recordings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from seqcli.model.batches import packed
from seqcli.speech.augment import augmented, joined, noise_alone
from seqcli.speech.data import SpeechData, decode, encode
from seqcli.speech.decoder import SpeechDecoder
from seqcli.speech.evaluate import error_rates
from seqcli.speech.features import stacked
from seqcli.speech.lexicon import Lexicon
from seqcli.speech.network import SpeechModel
from seqcli.speech.options import SearchRequest
from seqcli.speech.presets import Recipe
from seqcli.speech.search import beam_search
from seqcli.training.distributed import ALONE, Processes
from seqcli.training.options import Validation
from seqcli.training.run import weights_of
from seqcli.training.task import Stateless
from seqcli.training.workers import ROWS, part_count

QUICK_RECORDINGS = 400  # of the validation recordings, looked at while training goes on
# shares of a run: the first alignments are taught, recordings joined up to full length, and changed at full strength
TAUGHT, JOINED, CHANGED = 0.3, 0.1, 0.4


@dataclass(frozen=True)
class Part:
    """Utterances of a batch: the recordings of each, the tokens of all, and their share of the batch's tokens."""

    groups: Sequence[np.ndarray]
    epoch: int
    done: float
    tokens: int
    share: float


@dataclass(frozen=True)
class Utterance:
    """Features (frames, mels), tokens, and each recording's share of the frames, from and to, with its tokens."""

    frames: np.ndarray
    targets: np.ndarray
    said: Sequence[tuple[float, float, np.ndarray]] = ()

    def labels(self, steps: int, blank: int) -> np.ndarray:
        """The token of each of `steps` if all tokens of a recording lasted equally long."""
        found = np.full(steps, blank)
        for start, end, tokens in self.said:
            first, last = int(start * steps), max(round(end * steps), int(start * steps) + 1)
            if len(tokens):
                found[first:last] = tokens[(np.arange(last - first) * len(tokens)) // (last - first)][: steps - first]
        return found


class SpeechTask(Stateless):
    """A recogniser on recordings, as a `seqcli.training.task.TrainingTask`.

    An epoch is a shuffle of the recordings. They are joined into utterances of random lengths of up to `recipe.join`
    seconds, those of like length coming together in batches of about `recipe.batch_seconds`. Each thread makes the
    features of its own part. Validation is greedy, at the end, where words are few, with the search used later.
    """

    tables: Sequence[nn.Parameter] = ()

    def __init__(
        self, model: SpeechModel, data: SpeechData, recipe: Recipe, *, seed: int, processes: Processes = ALONE
    ) -> None:
        self.model, self.data, self.recipe, self.seed, self.processes = model, data, recipe, seed, processes
        self.device = model.output_bias.device
        self._epoch, self._batches = -1, list[list[np.ndarray]]()
        quick = np.random.default_rng(seed).permutation(len(data.valid))[:QUICK_RECORDINGS]
        self.quick = sorted(quick.tolist())

    @property
    def statistics(self) -> tuple[np.ndarray, np.ndarray]:
        return self.model.feature_mean.cpu().numpy(), self.model.feature_scale.cpu().numpy()

    def num_batches(self, epoch: int) -> int:
        return len(self._of_epoch(epoch))

    def _of_epoch(self, epoch: int) -> list[list[np.ndarray]]:
        if epoch != self._epoch:
            random = np.random.default_rng((self.seed, epoch))
            # short utterances are learnt from more easily at first
            join = self.recipe.join * min((epoch + 0.5) / self.recipe.passes / JOINED, 1.0)
            groups = group(self.data.seconds, join, random)
            self._epoch, self._batches = epoch, batch(groups, self.data.seconds, self.recipe.batch_seconds, random)
        return self._batches

    def parts(self, epoch: int, index: int) -> list[Part]:
        groups = self._of_epoch(epoch)[index][self.processes.rank :: self.processes.size]
        done = (epoch + index / self.num_batches(epoch)) / self.recipe.passes
        if not groups:  # fewer utterances than processes: read one, and learn nothing from it
            return [Part(self._of_epoch(epoch)[index][:1], epoch, done, 0, 0.0)]
        # unlike products of wide layers, these and the features cost each utterance almost as much alone as with others
        count = part_count(self.device, ROWS * len(groups))
        shares = [groups[part::count] for part in range(count)]
        tokens = [sum(1 + len(self.data.targets(numbers)) for numbers in share) for share in shares]
        return [Part(g, epoch, done, t, t / sum(tokens)) for g, t in zip(shares, tokens, strict=True)]

    def loss(self, part: Part) -> tuple[Tensor, int]:
        made = [self._utterance(numbers, part.epoch, part.done) for numbers in part.groups]
        probabilities, lengths = self._forward([utterance.frames for utterance in made])
        blank = self.model.config.blank
        loss = ctc(probabilities, lengths, [utterance.targets for utterance in made], blank) / max(part.tokens, 1)
        if part.done < TAUGHT:
            labels = [utterance.labels(length, blank) for utterance, length in zip(made, lengths.tolist(), strict=True)]
            loss = loss + (1 - part.done / TAUGHT) * framewise(probabilities, labels)
        return loss * part.share, part.tokens

    def _utterance(self, numbers: np.ndarray, epoch: int, done: float) -> Utterance:
        """Joined recordings, changed."""
        random = np.random.default_rng((self.seed, epoch, int(numbers[0])))
        config = self.model.config
        strength = self.recipe.augmentation.times(random.random() * min(done / CHANGED, 1.0))
        if random.random() < strength.silence:
            return Utterance(noise_alone(config, random, self.statistics), np.zeros(0, np.int64))
        pieces = [self.data.samples(self.data.train[int(number)]) for number in numbers]
        samples, spans = joined(pieces, config.sample_rate, strength, random)
        said = [(*span, self.data.targets([number])) for span, number in zip(spans, numbers, strict=True)]
        frames = augmented(samples, config, strength, random, self.statistics)
        return Utterance(frames, self.data.targets(numbers), said)

    def _forward(self, frames: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
        """The log-probabilities of utterances (time, batch, classes), and how many steps each has."""
        config = self.model.config
        inputs = [torch.from_numpy(stacked(each, config.stack, config.stride)) for each in frames]
        lengths = torch.tensor([len(each) for each in inputs])
        return self.model(pad_sequence(inputs).to(self.device), lengths), lengths

    @property
    def margin(self) -> float:
        """What one validation of the quick recordings may differ from another by chance: two standard errors of a share
        of errors of about one in a hundred."""
        words = sum(len(self.data.valid[number].text.split()) for number in self.quick)
        return 2 * math.sqrt(0.01 / max(words, 1))

    def validate(self, step: int, seconds: float, *, final: bool) -> Validation:
        """Word and character error rate, the loss in nats a token, and one transcript. Errors in characters are what is
        compared: words are too few in small validation sets."""
        numbers = list(range(len(self.data.valid))) if final else self.quick
        decoder = SpeechDecoder(self.model.config, weights_of(self.model))
        # words of a closed set are searched for in the end only, which takes longer
        lexicon = Lexicon(self.data.words, self.data.tokenizer) if final and self.data.words else None
        search = SearchRequest() if lexicon is not None else SearchRequest(beam=1)
        found, loss, tokens = [], 0.0, 0
        for start in range(0, len(numbers), 32):
            chosen = numbers[start : start + 32]
            frames = [decoder.features(self.data.samples(self.data.valid[number])) for number in chosen]
            probabilities, lengths = self._forward(frames)
            targets = [encode(self.data.tokenizer, self.data.valid[number].text) for number in chosen]
            loss += float(ctc(probabilities, lengths, targets, self.model.config.blank))
            tokens += sum(1 + len(t) for t in targets)
            for column, length in enumerate(lengths.tolist()):
                own = probabilities[:length, column].cpu().numpy()
                said = beam_search(own, search, self.data.tokenizer, lexicon=lexicon)
                found.append(decode(self.data.tokenizer, said))
        references = [self.data.valid[number].text for number in numbers]
        rates = error_rates(references, found)
        metrics = {"score": rates.cer + 0.01 * loss / tokens, "wer": rates.wer, "cer": rates.cer, "loss": loss / tokens}
        if final:
            return Validation(step, seconds, metrics)
        shown = len(numbers) // 2
        return Validation(step, seconds, metrics, sample=f"{references[shown]} → {found[shown]}")


def ctc(probabilities: Tensor, lengths: Tensor, targets: Sequence[np.ndarray], blank: int) -> Tensor:
    """-log p of the targets in nats, summed: log-probabilities (time, batch, classes), lengths (batch,). What cannot be
    written in its time (more tokens than steps) counts as nothing."""
    device = probabilities.device
    losses = functional.ctc_loss(
        probabilities,
        torch.from_numpy(np.concatenate(targets)).long().to(device),
        lengths.to(device),
        torch.tensor([len(t) for t in targets], device=device),
        blank=blank,
        reduction="none",
        zero_infinity=True,
    )
    return losses.sum()


def framewise(probabilities: Tensor, labels: Sequence[np.ndarray]) -> Tensor:
    """The mean cross-entropy of a class for each step: log-probabilities (time, batch, classes), labels (steps,) each.
    What alignment there is, CTC finds out by itself, but long sees nothing but blanks before it does."""
    padded = pad_sequence([torch.from_numpy(each) for each in labels], padding_value=-100)
    return functional.nll_loss(probabilities.flatten(0, 1), padded.flatten().to(probabilities.device))


def group(seconds: np.ndarray, join: float, random: np.random.Generator) -> list[np.ndarray]:
    """Numbers of recordings, each once, in utterances: a third alone, the others joined up to a random length of at
    most `join` seconds."""
    order = random.permutation(len(seconds))
    groups, start = [], 0
    while start < len(order):
        wanted = 0.0 if random.random() < 1 / 3 else random.uniform(0, join)
        stop, length = start + 1, seconds[order[start]]
        while stop < len(order) and length + seconds[order[stop]] <= wanted:
            length += seconds[order[stop]]
            stop += 1
        groups.append(order[start:stop])
        start = stop
    return groups


def batch(
    groups: Sequence[np.ndarray], seconds: np.ndarray, batch_seconds: float, random: np.random.Generator
) -> list[list[np.ndarray]]:
    """Utterances of like length together, in batches of at most `batch_seconds` with their padding (or of one)."""
    lengths = np.array([seconds[numbers].sum() for numbers in groups])
    order = np.argsort(lengths * np.exp(random.normal(0, 0.1, len(groups))))
    batches = [[groups[number] for number in numbers] for numbers in packed(order, lengths, batch_seconds)]
    return [batches[number] for number in random.permutation(len(batches))]
