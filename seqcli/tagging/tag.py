"""Label sentences with a trained model: what `seqcli tag` does, callable from Python. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from seqcli.errors import SeqcliError
from seqcli.files.checkpoint import Checkpoint
from seqcli.tagging.decoder import Decided, TaggingDecoder, load_tagging_decoder
from seqcli.tagging.formats.lines import RawText, cuts_words
from seqcli.tagging.formats.sentence import Sentence, Tagging
from seqcli.tagging.labelling import Labelling
from seqcli.text.lines import windows

FIRST, MOST = 10_000, 400_000  # steps that are looked at together, at first and later


class Tagger:
    """A trained tagger with what it knows of text. `format` is what it has learnt from and writes by default, `rule`
    how it cuts raw text into words (None: into characters), `raw` raw text as it reads it. `cuts_words` is whether its
    chunks are words of a text whose characters are the steps."""

    def __init__(self, decoder: TaggingDecoder, labelling: Labelling) -> None:
        self.decoder, self.labels, self.format = decoder, labelling.labels, labelling.format
        self.rule, self.raw, self.cuts_words = labelling.rule, RawText(labelling.rule), cuts_words(labelling.format)

    @classmethod
    def load(cls, checkpoint: Checkpoint) -> Tagger:
        """From a checkpoint; `CheckpointError` for one that does not hold together."""
        labelling = Labelling.from_blobs(checkpoint.blobs)
        return cls(load_tagging_decoder(checkpoint, labelling), labelling)

    def tag(
        self,
        sentences: Iterable[Sentence],
        *,
        probabilities: bool = False,
        n_best: int = 1,
        ready: Callable[[], bool] | None = None,
    ) -> Iterator[tuple[Sentence, Tagging]]:
        """Every sentence with its labels, in order; one without steps has none.

        With `probabilities` each label comes with its marginal probability and the sentence with log p of all its
        labels; with `n_best` above 1 the next best label sequences come, too. As soon as `ready` is given and says that
        the next sentence is not there yet, those that came are tagged.
        """
        nothing = Tagging([], [] if self.labels.scheme is not None else None)
        decide = partial(self.decoder.decide, probabilities=probabilities, n_best=n_best)
        for window, found in _ahead(decide, windows(sentences, ready, FIRST, MOST, weight), ready):
            taggings = self._taggings(found)
            for sentence in window:
                yield sentence, next(taggings) if sentence.steps else nothing

    def _taggings(self, found: Sequence[Decided]) -> Iterator[Tagging]:
        """Labels as files have them."""
        labels = self.labels
        chunks = labels.chunks([decided.labels for decided in found]) if labels.scheme is not None else None
        for number, decided in enumerate(found):
            yield Tagging(
                labels.written(decided.labels),
                chunks[number] if chunks is not None else None,
                None if decided.probabilities is None else decided.probabilities.tolist(),
                decided.log_probability,
                list(self._taggings([Decided(other, None, log_p) for other, log_p in decided.others])),
            )


def weight(sentence: Sentence) -> int:
    """What a sentence counts for among those that are looked at together: its steps, and what else is done for it."""
    return len(sentence.steps) + 10


def _ahead(
    decide: Callable[[list[Sequence[str]]], list[Decided]],
    windows: Iterator[list[Sentence]],
    ready: Callable[[], bool] | None,
) -> Iterator[tuple[list[Sentence], list[Decided]]]:
    """Windows with what is decided for their sentences that have steps. The next one is worked on while one is used;
    none is held back for one that is not there yet, nor for an error in it."""
    held: list[tuple[list[Sentence], Future[list[Decided]]]] = []
    problem: SeqcliError | None = None
    with ThreadPoolExecutor(1) as worker:
        try:
            for window in windows:
                steps = [sentence.steps for sentence in window if sentence.steps]
                held.append((window, worker.submit(decide, steps)))
                while len(held) > (ready is None or ready()):
                    done, found = held.pop(0)
                    yield done, found.result()
        except SeqcliError as raised:
            problem = raised
        for done, found in held:
            yield done, found.result()
    if problem is not None:
        raise problem
