"""Trained models as Python objects: one class a task, with the verbs of the command line.

Nothing here imports torch. Errors are the package's own and speak of arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from seqcli.errors import UsageError, naming_arguments
from seqcli.files.checkpoint import TASKS, Checkpoint, load_checkpoint, save_checkpoint
from seqcli.forecasting.options import EvaluateRequest as ForecasterRequest
from seqcli.language.options import EvaluateRequest as LanguageModelRequest
from seqcli.language.options import GenerateRequest
from seqcli.notices import Notice, quietly
from seqcli.options import documented
from seqcli.requests import EvaluationRequest
from seqcli.speech.options import EvaluateRequest as RecogniserRequest
from seqcli.speech.options import SearchRequest
from seqcli.tagging.options import EvaluateRequest as TaggerRequest
from seqcli.translation.options import EvaluateRequest as TranslatorRequest
from seqcli.translation.options import TranslateRequest

if TYPE_CHECKING:
    import numpy

    from seqcli.language.choices import Choice
    from seqcli.language.decoder import LanguageModelDecoder
    from seqcli.model.probability import Score
    from seqcli.speech.transcribe import Transcript
    from seqcli.tagging.formats.sentence import Tagging
    from seqcli.tagging.tag import Tagger as TaggingEngine
    from seqcli.text.tokenizer import Tokenizer

Paths = str | Path | Sequence[str | Path]
E = TypeVar("E", bound=EvaluationRequest)


class Model(Generic[E]):
    """What all models have.

    Attributes:
        checkpoint: the parameters, the configuration, and where they come from.
        path: the file, None for a model that was not saved.
    """

    task: ClassVar[str]
    evaluation: type[E]

    def __init__(self, checkpoint: Checkpoint, path: Path | None = None) -> None:
        self.checkpoint, self.path = checkpoint, path

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle has: not what is made of the checkpoint at the first use."""
        return {"checkpoint": self.checkpoint, "path": self.path}

    @classmethod
    def task_name(cls) -> str:
        """What messages call such a model, such as "language model"."""
        return TASKS[cls.task].split(maxsplit=1)[1]  # without its article

    @property
    def metrics(self) -> dict[str, Any]:
        """What validation measured after training, and the course of the run under `history`."""
        return self.checkpoint.metrics

    @property
    def config(self) -> dict[str, Any]:
        """What the network is made of."""
        return self.checkpoint.config

    @naming_arguments
    def evaluate(self, data: Paths, **options: Any) -> dict[str, Any]:
        """How good the model is on data that it has not seen.

        Args:
            data: one path or several: text for a language model, pairs for a translation model (or a source and a
                target file), labelled text for a tagger, tables or folders of recordings for a recogniser, a CSV file
                for a forecaster.
            options: those of `seqcli evaluate` for such a model, such as `encoding`.

        Returns the figures by name: perplexity and bits; BLEU, chrF and exact matches; accuracy, and F1 of chunks; word
        and character error rates; MASE, sMAPE, quantile loss and coverage.
        """
        return self.measure(self.evaluation(data=data, **options), quietly)  # type: ignore[arg-type]

    def measure(self, request: E, notice: Notice) -> dict[str, Any]:
        """What `evaluate` gives, as requested; `notice` is told what a reader of the figures should know."""
        raise NotImplementedError

    @naming_arguments
    def save(self, path: str | Path) -> None:
        """Write the model to a file, whole or not at all."""
        if not Path(path).name:
            raise UsageError(f"path must be the name of a file, not {str(path)!r}")
        save_checkpoint(Path(path), self.checkpoint)
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.checkpoint.parameter_count:,} parameters, {self.path or 'not saved'}>"


class LanguageModel(Model[LanguageModelRequest]):
    """A language model: continues and scores texts."""

    task = "lm"
    evaluation = LanguageModelRequest

    @cached_property
    def _loaded(self) -> Callable[..., tuple[LanguageModelDecoder, Tokenizer]]:
        """The decoder on a device, with or without `int8`, and the tokenizer: made once for each."""
        from seqcli.language.decoder import load_language_model

        return cache(partial(load_language_model, self.checkpoint))

    @property
    def _parts(self) -> tuple[LanguageModelDecoder, Tokenizer]:
        return self._loaded("cpu", int8=False)

    @overload
    def generate(self, prompts: str = "", *, samples: int = 1, seed: int = 1, **options: Any) -> str: ...
    @overload
    def generate(self, prompts: Iterable[str], *, samples: int = 1, seed: int = 1, **options: Any) -> list[str]: ...
    @documented(GenerateRequest, "samples", "seed")
    @naming_arguments
    def generate(
        self, prompts: str | Iterable[str] = "", *, samples: int = 1, seed: int = 1, **options: Any
    ) -> str | list[str]:
        """Continue one prompt, or several.

        Args:
            prompts: a text, or several.
            samples: continuations of each prompt.
            seed: same seed, same text.
            options: such as `max_tokens=50`, `stop="\\n"`, `temperature=0`.

        Returns the continuation without its prompt: a text for one prompt and one sample, else a list, prompt by
        prompt.
        """
        from seqcli.language.generate import continuations

        request = GenerateRequest(samples=samples, seed=seed, **options)
        texts = list(_several(prompts, "prompts"))
        found = [""] * (len(texts) * request.samples)
        for piece in continuations(*self._loaded(request.device, int8=request.int8), texts, request):
            found[piece.prompt * request.samples + piece.sample] += piece.text
        return found[0] if isinstance(prompts, str) and request.samples == 1 else found

    @naming_arguments
    def next_tokens(self, prompt: str = "", count: int = 10) -> list[tuple[str, float]]:
        """The `count` likeliest next tokens after a prompt, with their probabilities."""
        from seqcli.language.generate import next_tokens

        if count < 1:
            raise UsageError(f"count must be 1 or more, not {count!r}")
        return next_tokens(*self._parts, _text(prompt, "prompt"), count)

    @naming_arguments
    def choose(self, prompt: str, choices: Sequence[str]) -> list[Choice]:
        """The `choices` that may follow a prompt, the likeliest first: `text`, `probability` among the choices,
        `log_probability` (natural), and whether something in it is `unknown`."""
        from seqcli.language.choices import choose

        return choose(*self._parts, _text(prompt, "prompt"), list(_several(choices, "choices")))

    @naming_arguments
    def embed(self, lines: str | Iterable[str]) -> numpy.ndarray:
        """A vector for each line, (lines, width), float32: the mean of the last layer's outputs."""
        import numpy

        from seqcli.language.choices import embed_lines

        found = list(embed_lines(*self._parts, _several(lines, "lines")))
        if not found:
            raise UsageError("lines must be a text or several, none are given")
        return numpy.stack(found)

    @naming_arguments
    def score(self, lines: str | Iterable[str], *, context: bool = False, open_vocabulary: bool = False) -> list[Score]:
        """The log-probability (natural) of each line, with its tokens and the surprisal of each; with `context` each
        is read after those before it, as one text; with `open_vocabulary` unknown tokens also cost their spelling."""
        from seqcli.language.score import score_lines, score_text

        score = score_text if context else score_lines
        return list(score(*self._parts, _several(lines, "lines"), open_vocabulary=open_vocabulary))

    def measure(self, request: LanguageModelRequest, notice: Notice) -> dict[str, Any]:
        from seqcli.language.evaluate import evaluate_language_model

        return evaluate_language_model(self.checkpoint, request, notice)


class Translator(Model[TranslatorRequest]):
    """A translation model."""

    task = "mt"
    evaluation = TranslatorRequest

    @overload
    def translate(self, lines: str, **options: Any) -> str: ...
    @overload
    def translate(self, lines: Iterable[str], **options: Any) -> list[str]: ...
    @documented(TranslateRequest)
    @naming_arguments
    def translate(self, lines: str | Iterable[str], **options: Any) -> Any:
        """Translate a line, or several; with `n_best` above 1 each gives a list, the best first. `glossary` is pairs of
        terms, a dictionary of them, or a file."""
        from seqcli.translation.translate import Translator as Engine

        if not isinstance(terms := options.get("glossary"), str | Path | None):
            terms = terms.items() if isinstance(terms, Mapping) else terms
            options["glossary"] = list(_pairs(terms, "glossary"))
        request = TranslateRequest(**options)
        engine = Engine.load([self.checkpoint], request)
        made = engine.translate(_several(lines, "lines"), request)
        found = [[each.text for each in one.candidates] if request.n_best > 1 else one.text for one in made]
        return found[0] if isinstance(lines, str) else found

    @naming_arguments
    def score(self, pairs: Iterable[tuple[str, str]]) -> list[Score]:
        """The log-probability (natural) of each pair's target given its source."""
        from seqcli.translation.decoder import load_translation_model
        from seqcli.translation.preprocessing import Preprocessing
        from seqcli.translation.score import score_pairs

        parts = load_translation_model(self.checkpoint)
        return list(score_pairs(*parts, _pairs(pairs, "pairs"), preprocessing=Preprocessing.of(self.checkpoint.blobs)))

    def measure(self, request: TranslatorRequest, notice: Notice) -> dict[str, Any]:
        from seqcli.translation.evaluate import evaluate_translation

        return evaluate_translation(self.checkpoint, request, notice)


class Tagger(Model[TaggerRequest]):
    """A model that labels words or characters."""

    task = "tag"
    evaluation = TaggerRequest

    @cached_property
    def _engine(self) -> TaggingEngine:
        from seqcli.tagging.tag import Tagger as TaggingEngine

        return TaggingEngine.load(self.checkpoint)

    @naming_arguments
    def tag(self, sentences: str | Iterable[str | Sequence[str]]) -> Tagging | list[Tagging]:
        """Label a sentence, or several: `labels`, and `chunks` if the model has them.

        Args:
            sentences: raw text, which is cut into `steps` as the model has learnt it, or lists of its steps.
        """
        from seqcli.tagging.formats.sentence import Sentence

        def read(one: Any) -> Sentence:
            if isinstance(one, list | tuple):
                return Sentence([_text(step, "sentences") for step in one])
            return next(self._engine.raw.read([_text(one, "sentences")], "sentences"))

        each = (read(one) for one in _each(sentences, "sentences"))
        found = [replace(tagging, steps=list(sentence.steps)) for sentence, tagging in self._engine.tag(each)]
        return found[0] if isinstance(sentences, str) else found

    def measure(self, request: TaggerRequest, notice: Notice) -> dict[str, Any]:
        from seqcli.tagging.evaluate import evaluate_tagger

        return evaluate_tagger(self.checkpoint, request, notice)


class Recogniser(Model[RecogniserRequest]):
    """A model that writes down what is said."""

    task = "asr"
    evaluation = RecogniserRequest

    @documented(SearchRequest)
    @naming_arguments
    def transcribe(self, recording: Any, *, rate: int | None = None, words: bool = False, **options: Any) -> Transcript:
        """What is said in a recording.

        Args:
            recording: the path of a sound file of any length, sample rate and number of channels; or its samples, an
                array (samples,) or (samples, channels) of floating point numbers from -1 to 1 or of int16.
            rate: samples a second (Hz); an array needs it, a file has its own.
            words: whether the transcript has its words with their times (seconds) and confidences.
            options: such as `beam=1`; `lm` is a `LanguageModel` or its file.

        Raises `DataError` for what is no sound, `UsageError` for an array that is not as above.
        """
        from seqcli.speech.transcribe import Recogniser as Engine

        request = SearchRequest(**options)
        engine = Engine.load(self.checkpoint, request, language_model_of(request.lm))
        if isinstance(recording, str | Path) and rate is not None:
            raise UsageError("rate is for samples: a sound file has its own", hint="leave rate out")
        given = str(recording) if isinstance(recording, Path) else recording
        return engine.transcribe(given, rate=rate, words=words)

    def measure(self, request: RecogniserRequest, notice: Notice) -> dict[str, Any]:
        from seqcli.speech.evaluate import evaluate_recogniser

        return evaluate_recogniser(self.checkpoint, request, language_model_of(request.lm), notice)


class Forecaster(Model[ForecasterRequest]):
    """A network that was trained on a panel of series."""

    task = "forecast"
    evaluation = ForecasterRequest

    def measure(self, request: ForecasterRequest, notice: Notice) -> dict[str, Any]:
        from seqcli.forecasting.evaluate import evaluate_forecaster

        return evaluate_forecaster(self.checkpoint, request, notice)


CLASSES: tuple[type[Model[Any]], ...] = (LanguageModel, Translator, Tagger, Recogniser, Forecaster)


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


def language_model_of(given: LanguageModel | str | Path | None) -> tuple[LanguageModelDecoder, Tokenizer] | None:
    """What a search asks a language model, or the one in a file, with."""
    if given is None:
        return None
    if not isinstance(given, LanguageModel | str | Path):
        raise UsageError(f"--lm must be a language model or its file, not {given!r}")
    model = given if isinstance(given, LanguageModel) else LanguageModel(load_checkpoint(Path(given), task="lm"))
    return model._parts


def _several(given: str | Iterable[str], name: str) -> Iterator[str]:
    """One text or several as an iterator; `UsageError` for what is none, when it comes."""
    return (_text(one, name) for one in _each(given, name))


def _each(given: str | Iterable[Any], name: str) -> Iterable[Any]:
    """A text, or what is in a list; `UsageError` for what is neither, such as a table, which would give its columns."""
    if not isinstance(given, Iterable) or isinstance(given, Mapping) or hasattr(given, "columns"):
        what = repr(given) if given is None or isinstance(given, int | float) else type(given).__name__
        raise UsageError(f"{name} must be a text or several, not {what}")
    return [given] if isinstance(given, str) else given


def _text(given: str, name: str) -> str:
    if not isinstance(given, str):
        raise UsageError(f"{name} must be a text or several, not {given!r} among them")
    return given


def _pairs(given: Iterable[tuple[str, str]], name: str) -> Iterator[tuple[str, str]]:
    """Pairs of texts as they come; `UsageError` for what is none."""
    if not isinstance(given, Iterable):
        raise UsageError(f"{name} must be pairs of texts, not {given!r}")
    for pair in given:
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise UsageError(f"{name} must be pairs of texts, such as ('a man', 'ein Mann'), not {pair!r}")
        yield _text(pair[0], name), _text(pair[1], name)
