"""Label sentences with a trained model: what `seqcli tag` does, callable from Python. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from seqcli.files.checkpoint import Checkpoint
from seqcli.tagging.decoder import Decided, TaggingDecoder, load_tagging_decoder
from seqcli.tagging.formats.lines import Inline, RawText, Segmented
from seqcli.tagging.formats.sentence import Sentence, Tagging
from seqcli.tagging.labelling import Labelling
from seqcli.text.live import windows

FIRST, MOST = 64, 2048  # sentences that are looked at together, at first and later


class Tagger:
    """A trained tagger with what it knows of text: the format it has learnt from, and how raw text is cut into steps.

    `format` is what it writes by default, `rule` how it cuts raw text into words; None cuts it into characters.
    """

    def __init__(self, decoder: TaggingDecoder, labelling: Labelling) -> None:
        self.decoder, self.labelling = decoder, labelling
        self.labels, self.format, self.rule = labelling.labels, labelling.format, labelling.rule

    @classmethod
    def load(cls, checkpoint: Checkpoint) -> Tagger:
        """From a checkpoint; `CheckpointError` for one that does not hold together."""
        labelling = Labelling.from_blobs(checkpoint.blobs)
        return cls(load_tagging_decoder(checkpoint, labelling), labelling)

    @property
    def cuts_words(self) -> bool:
        """Whether its chunks are words of a text whose characters are the steps."""
        return isinstance(self.format, Segmented) or (isinstance(self.format, Inline) and self.format.characters)

    @property
    def raw(self) -> RawText:
        """Raw text, cut as this model has learnt it."""
        return RawText(self.rule)

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
        for window in windows(sentences, ready, FIRST, MOST):
            steps = [sentence.steps for sentence in window if sentence.steps]
            decided = iter(self.decoder.decide(steps, probabilities=probabilities, n_best=n_best) if steps else [])
            for sentence in window:
                yield sentence, self._tagging(next(decided)) if sentence.steps else Tagging([], [])

    def _tagging(self, decided: Decided) -> Tagging:
        labels = self.labels
        probabilities = None if decided.probabilities is None else decided.probabilities.tolist()
        return Tagging(
            labels.written(decided.labels),
            labels.chunks(decided.labels) if labels.scheme is not None else None,
            probabilities,
            decided.log_probability,
            [self._tagging(Decided(other, None, log_p)) for other, log_p in decided.others],
        )
