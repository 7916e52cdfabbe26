"""Trained models as Python objects: one class a task, with the verbs of the command line.

Nothing here imports torch. Errors are the package's own and speak of arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, overload

from seqcli.errors import naming_arguments
from seqcli.files.checkpoint import Checkpoint, load_checkpoint, save_checkpoint

if TYPE_CHECKING:
    from seqcli.language.decoder import LanguageModelDecoder
    from seqcli.model.probability import Score
    from seqcli.speech.transcribe import Transcript
    from seqcli.tagging.formats.sentence import Tagging
    from seqcli.text.tokenizer import Tokenizer

Paths = str | Path | Sequence[str | Path]


class Model:
    """What all models have.

    Attributes:
        checkpoint: the parameters, the configuration, and where they come from.
        path: the file, None for a model that was not saved.
    """

    task: ClassVar[str]

    def __init__(self, checkpoint: Checkpoint, path: Path | None = None) -> None:
        self.checkpoint, self.path = checkpoint, path

    @property
    def metrics(self) -> dict[str, Any]:
        """What validation measured after training, and the course of the run under `history`."""
        return self.checkpoint.metrics

    @property
    def config(self) -> dict[str, Any]:
        """What the network is made of."""
        return self.checkpoint.config

    @naming_arguments
    def save(self, path: str | Path) -> None:
        """Write the model to a file, whole or not at all."""
        save_checkpoint(Path(path), self.checkpoint)
        self.path = Path(path)

    def __repr__(self) -> str:
        count = sum(value.size for value in self.checkpoint.tensors.values())
        return f"<{type(self).__name__} of {count:,} parameters, {self.path or 'not saved'}>"


class LanguageModel(Model):
    """A language model: continues and scores texts."""

    task = "lm"

    @cached_property
    def _parts(self) -> tuple[LanguageModelDecoder, Tokenizer]:
        from seqcli.language.decoder import load_language_model

        return load_language_model(self.checkpoint)

    @overload
    def generate(self, prompts: str = "", *, samples: int = 1, seed: int = 1, **options: Any) -> str: ...
    @overload
    def generate(self, prompts: Iterable[str], *, samples: int = 1, seed: int = 1, **options: Any) -> list[str]: ...
    @naming_arguments
    def generate(
        self, prompts: str | Iterable[str] = "", *, samples: int = 1, seed: int = 1, **options: Any
    ) -> str | list[str]:
        """Continue one prompt, or several.

        Args:
            prompts: a text, or several.
            samples: continuations of each prompt.
            seed: same seed, same text.
            options: `max_tokens` (200), `stop` (texts), `max_lines`; `temperature` (0.8), `top_k`, `top_p`, `min_p`,
                `repetition_penalty`.

        Returns the continuation without its prompt: a text for one prompt and one sample, else a list, prompt by
        prompt.
        """
        from seqcli.language.generate import Limits, generate
        from seqcli.language.sampling import Sampling

        one = isinstance(prompts, str)
        texts = [prompts] if isinstance(prompts, str) else list(prompts)
        limits = {name: options.pop(name) for name in ("max_tokens", "stop", "max_lines") if name in options}
        if "stop" in limits:
            limits["stop"] = (limits["stop"],) if isinstance(limits["stop"], str) else tuple(limits["stop"])
        found = [""] * (len(texts) * samples)
        pieces = generate(
            *self._parts, texts, samples=samples, sampling=Sampling(**options), limits=Limits(**limits), seed=seed
        )
        for piece in pieces:
            found[piece.prompt * samples + piece.sample] += piece.text
        return found[0] if one and samples == 1 else found

    @naming_arguments
    def next_tokens(self, prompt: str = "", count: int = 10) -> list[tuple[str, float]]:
        """The `count` likeliest next tokens after a prompt, with their probabilities."""
        from seqcli.language.generate import next_tokens

        return next_tokens(*self._parts, prompt, count)

    @naming_arguments
    def score(self, lines: str | Iterable[str], *, context: bool = False) -> list[Score]:
        """The log-probability (natural) of each line, with its tokens and the surprisal of each; with `context` each
        is read after those before it, as one text."""
        from seqcli.language.score import score_lines, score_text

        return list((score_text if context else score_lines)(*self._parts, _several(lines)))

    @naming_arguments
    def evaluate(self, texts: Paths, **options: Any) -> dict[str, Any]:
        """Perplexity, bits per byte and per character of text files.

        `options`: `dynamic`, `cache` (bool), `device`, `encoding`, `errors`, as on the command line.
        """
        from seqcli.language.evaluate import evaluate_language_model

        return evaluate_language_model(self.checkpoint, _files(texts), **options)


class Translator(Model):
    """A translation model."""

    task = "mt"

    @overload
    def translate(self, lines: str, **options: Any) -> str: ...
    @overload
    def translate(self, lines: Iterable[str], **options: Any) -> list[str]: ...
    @naming_arguments
    def translate(self, lines: str | Iterable[str], **options: Any) -> str | list[str]:
        """Translate a line, or several.

        `options`: `beam` (5), `length_penalty` (1.0), `max_length`, `no_repeat_ngram`; `keep` (regular expressions),
        `glossary` (pairs of terms), `prefix`.
        """
        from seqcli.translation.beam import Search
        from seqcli.translation.translate import Translator as Engine

        names = ("keep", "glossary", "prefix")
        text = {name: options.pop(name) for name in names if name in options}
        engine = Engine.load([self.checkpoint], **text)
        found = [translation.text for translation in engine.translate(_several(lines), Search(**options))]
        return found[0] if isinstance(lines, str) else found

    @naming_arguments
    def score(self, pairs: Iterable[tuple[str, str]]) -> list[Score]:
        """The log-probability (natural) of each pair's target given its source."""
        from seqcli.translation.decoder import load_translation_model
        from seqcli.translation.preprocessing import Preprocessing
        from seqcli.translation.score import score_pairs

        parts = load_translation_model(self.checkpoint)
        return list(score_pairs(*parts, pairs, preprocessing=Preprocessing.of(self.checkpoint.blobs)))

    @naming_arguments
    def evaluate(self, pairs: Paths, **options: Any) -> dict[str, Any]:
        """BLEU, chrF and exact matches on files of pairs, or on a source and a target file.

        `options`: `skip_bad`, `device`, `encoding`, `errors`, as on the command line.
        """
        from seqcli.translation.evaluate import evaluate_translation

        return evaluate_translation([self.checkpoint], _files(pairs), **options)


class Tagger(Model):
    """A model that labels words or characters."""

    task = "tag"

    @naming_arguments
    def tag(self, sentences: str | Iterable[str]) -> Tagging | list[Tagging]:
        """Label a raw sentence, or several, cut as the model has learnt it: `labels`, and `chunks` if it has them."""
        from seqcli.tagging.tag import Tagger as Engine

        engine = Engine.load(self.checkpoint)
        found = [tagging for _, tagging in engine.tag(engine.raw.read(_several(sentences), "sentences"))]
        return found[0] if isinstance(sentences, str) else found

    @naming_arguments
    def evaluate(self, data: Paths, **options: Any) -> dict[str, Any]:
        """Accuracy, and for chunks precision, recall and F1, on labelled files. `options`: `encoding`, `errors`."""
        from seqcli.tagging.evaluate import evaluate_tagger

        return evaluate_tagger(self.checkpoint, _files(data), **options)


class Recogniser(Model):
    """A model that writes down what is said."""

    task = "asr"

    @naming_arguments
    def transcribe(
        self,
        path: str | Path,
        *,
        words: bool = False,
        beam: int = 8,
        lm: LanguageModel | None = None,
        lm_weight: float = 0.6,
    ) -> Transcript:
        """What is said in a recording.

        Args:
            path: a sound file of any length, sample rate and number of channels.
            words: whether the transcript has its words with their times (seconds) and confidences.
            beam: beam size of the search; 1 is greedy.
            lm, lm_weight: a language model that the search asks, and the weight of its log-probabilities.

        Raises `DataError` for what is no sound.
        """
        from seqcli.speech.search import Search
        from seqcli.speech.transcribe import Recogniser as Engine

        language_model = lm._parts if lm is not None else None
        return Engine.load(self.checkpoint, Search(beam, lm_weight), language_model).transcribe(str(path), words=words)

    @naming_arguments
    def evaluate(
        self,
        recordings: Paths,
        *,
        columns: str | None = None,
        by_speaker: str | None = None,
        beam: int = 8,
        lm: LanguageModel | None = None,
        lm_weight: float = 0.6,
        **options: Any,
    ) -> dict[str, Any]:
        """Word and character error rates on tables or folders of recordings.

        Args:
            recordings: one path or several.
            columns, by_speaker: the tables' columns, as on the command line.
            beam, lm, lm_weight: as for `transcribe`.
            options: `skip_bad`, `encoding`, `errors`.
        """
        from seqcli.speech.evaluate import evaluate_recogniser
        from seqcli.speech.search import Search
        from seqcli.speech.table import Columns

        return evaluate_recogniser(
            self.checkpoint,
            _files(recordings),
            columns=Columns.of(columns, by_speaker),
            search=Search(beam, lm_weight),
            language_model=lm._parts if lm is not None else None,
            **options,
        )


class Forecaster(Model):
    """A network that was trained on a panel of series."""

    task = "forecast"

    @naming_arguments
    def evaluate(self, data: str | Path, **options: Any) -> dict[str, Any]:
        """MASE, sMAPE, quantile loss and coverage on each series' last periods. `options`: `encoding`, `errors`."""
        from seqcli.forecasting.evaluate import evaluate_forecaster

        return evaluate_forecaster(self.checkpoint, str(data), **options)


CLASSES: tuple[type[Model], ...] = (LanguageModel, Translator, Tagger, Recogniser, Forecaster)


@naming_arguments
def load(path: str | Path) -> LanguageModel | Translator | Tagger | Recogniser | Forecaster:
    """The model in a file, as an object of its task.

    Raises `CheckpointError` for a file that is damaged or is no model.
    """
    model: LanguageModel | Translator | Tagger | Recogniser | Forecaster
    model = of_checkpoint(load_checkpoint(Path(path)), Path(path))
    return model


def of_checkpoint(checkpoint: Checkpoint, path: Path | None) -> Any:
    """The object of a checkpoint's task."""
    (kind,) = (kind for kind in CLASSES if kind.task == checkpoint.task)
    return kind(checkpoint, path)


def _several(lines: str | Iterable[str]) -> Iterator[str]:
    return iter([lines] if isinstance(lines, str) else lines)


def _files(paths: Paths) -> list[str]:
    return [str(paths)] if isinstance(paths, str | Path) else [str(path) for path in paths]
