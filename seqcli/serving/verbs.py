"""What can be asked over HTTP: a verb for each method of the models, with the options that it has in Python.

The body of a request is an object of the method's arguments, checked by a `Request` as they are everywhere. Options
that name files, and those that are the server's to choose, are left out: no request has a file read or written.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields, make_dataclass
from typing import TYPE_CHECKING, Any

from seqcli.errors import DataError, UsageError, as_arguments
from seqcli.forecasting.options import ForecastRequest
from seqcli.language.options import GenerateRequest
from seqcli.language.options import ScoreRequest as LineRequest
from seqcli.models import Forecaster, LanguageModel, Model, Recogniser, Tagger, Translator
from seqcli.options import Request, declarations, option, required
from seqcli.serving.answers import (
    Choices,
    Chunk,
    Forecasts,
    LineScore,
    OneTagging,
    Scores,
    SpokenWord,
    Taggings,
    Texts,
    Token,
    Tokens,
    Transcribed,
    Translations,
    Vectors,
)
from seqcli.speech.options import SearchRequest
from seqcli.translation.options import TranslateRequest

if TYPE_CHECKING:
    from seqcli.model.probability import Score

MOST_TEXTS = 1024  # continuations made side by side: the memory they take grows with their number
OURS = {"device", "int8", "encoding", "errors"}  # options that the server decides on, or that are about files
TRAINING = {"budget", "steps", "seed", "save", "save_interval", "overwrite", "resume"}
SCORE = "How likely lines are, or the targets of pairs given their sources."  # of both kinds of model
Given = dict[str, Any]
Own = dict[str, tuple[Any, Any]]  # arguments of one verb: the type and the field of each


def _pairs(given: Any) -> list[tuple[str, str]]:
    pairs = given if isinstance(given, list) else [given]
    if not all(isinstance(pair, list) and [type(side) for side in pair] == [str, str] for pair in pairs):
        raise ValueError('give a list of pairs of texts, such as [["a source", "its target"]]')
    return [tuple(pair) for pair in pairs]


def _table(given: Any) -> str | list[Any] | dict[str, Any]:
    if not isinstance(given, str | list | dict):
        raise ValueError("give rows, columns or the text of a table")
    return given


TEXTS = tuple[str, ...]
PROMPTS: Own = {"prompts": (TEXTS, option(("",), "A text to continue, or several."))}
PROMPT: Own = {"prompt": (str, option("", "The text before."))}
COUNTED: Own = {**PROMPT, "count": (int, option(10, "How many tokens.", least=1))}
CHOICES: Own = {**PROMPT, "choices": (TEXTS, required("Texts that may follow it, two or more."))}
LINES: Own = {"lines": (TEXTS, required("A line of text, or several."))}
PAIRS: Own = {"pairs": (Any, required("Pairs of a source and its target.", parse=_pairs))}
TERMS: Own = {"glossary": (Any, option(None, "Terms to use: pairs of a source and a target term.", parse=_pairs))}
SENTENCES: Own = {"sentences": (TEXTS, required("A sentence of raw text, or several."))}
WORDS: Own = {"words": (bool, option(False, "Give the words with their times and confidences, too."))}
_ROWS = "The table: a list of rows (objects), an object of columns, or its text (CSV)."
TABLES: Own = {
    "data": (Any, required(_ROWS, parse=_table)),
    "future": (Any, option(None, "The covariates of the time to be forecast, a table like the data.", parse=_table)),
    "holidays": (Any, option(None, "The dates of holidays, past and to come, a table with a column.", parse=_table)),
}


def _generate(model: LanguageModel, given: Given) -> Texts:
    prompts = list(given.pop("prompts", ("",)))
    if len(prompts) * given.get("samples", 1) > MOST_TEXTS:
        raise UsageError(f"more than {MOST_TEXTS:,} texts at once", hint="ask for them in several requests")
    return Texts(model.generate(prompts, **given))


def _next(model: LanguageModel, given: Given) -> Tokens:
    return Tokens([Token(*found) for found in model.next_tokens(**given)])


def _choose(model: LanguageModel, given: Given) -> Choices:
    return Choices(model.choose(given.get("prompt", ""), given["choices"]))


def _embed(model: LanguageModel, given: Given) -> Vectors:
    return Vectors(model.embed(given["lines"]).tolist() if given["lines"] else [])


def _score_lines(model: LanguageModel, given: Given) -> Scores:
    return Scores([_line_score(score) for score in model.score(given.pop("lines"), **given)])


def _score_pairs(model: Translator, given: Given) -> Scores:
    return Scores([_line_score(score) for score in model.score(given["pairs"])])


def _line_score(score: Score) -> LineScore:
    return LineScore(
        score.text,
        score.log_probability if score.tokens else None,
        score.perplexity if score.tokens else None,
        list(score.pieces),
        list(score.surprisals),
        sorted(score.unknown),
    )


def _translate(model: Translator, given: Given) -> Translations:
    return Translations(model.translate(list(given.pop("lines")), **given))


def _tag(model: Tagger, given: Given) -> Taggings:
    def one(tagging: Any) -> OneTagging:
        chunks = None if tagging.chunks is None else [Chunk(*chunk) for chunk in tagging.chunks]
        return OneTagging(list(tagging.steps), list(tagging.labels), chunks)

    found: Any = model.tag(list(given["sentences"]))
    return Taggings([one(tagging) for tagging in found])


def _transcribe(model: Recogniser, given: Given) -> Transcribed:
    """Of the file that the server has written the body of a request to."""
    path = given.pop("recording")
    try:
        found = model.transcribe(path, **given)
    except DataError as problem:
        raise DataError(problem.message.replace(path, "the recording"), hint=problem.hint) from problem
    words = [SpokenWord(word.text, word.start, word.end, word.confidence) for word in found.words]
    return Transcribed(found.text, found.seconds, words)


def _forecast(model: Forecaster | None, given: Given) -> Forecasts:
    """Without training, which takes minutes: a network that was trained before is a model of the server's."""
    from seqcli.forecasting.run import forecast_request

    # always a stream, so that no text is taken for the name of a file
    tables: Given = {
        name: io.StringIO(given[name] if isinstance(given[name], str) else json.dumps(given[name], ensure_ascii=False))
        for name in ("data", "future", "holidays")
        if name in given
    }
    data = tables.pop("data")
    del given["data"]
    asked = ForecastRequest(**given | tables, model=None if model is None else str(model.path))
    notes: list[str] = []
    made = forecast_request(data, asked, on_notice=notes.append, may_train=False)
    assert made is not None  # one process alone has a forecast
    found = made.to_json()
    found["notes"] = list(dict.fromkeys(map(as_arguments, [*notes, *found["notes"]])))
    return Forecasts(list(made.rows()), **{item.name: found[item.name] for item in fields(Forecasts)[1:]})


def body(own: Own, options: type[Request] = Request, *names: str, leave_out: set[str] = OURS) -> Any:
    """A request with the arguments of a verb: its `own` and the `options` that it has in Python too, those of `names`
    or all but `leave_out`, files and what is the same by another name."""
    made = [(name, kind, field(default=one.default, metadata=one.metadata)) for name, (kind, one) in own.items()]
    for name, declared in declarations(options).items():
        asked = name in names if names else name not in leave_out and declared.option.kind != "file"
        if asked and name not in own:
            kind = declared.type | None if declared.optional and declared.type is not Any else declared.type
            made.append((name, kind, field(default=declared.default, metadata={"option": declared.option})))
    return make_dataclass("Body", made, bases=(Request,), frozen=True, kw_only=True, namespace={"__module__": __name__})


@dataclass(frozen=True)
class Verb:
    """A verb of models of one kind: `body` is the request of its arguments, `act` what a model answers to them,
    `answer` the class of that. `optional`: it needs no model. `recording`: the body is sound, the arguments are in the
    query."""

    name: str
    kind: type[Model[Any]]
    help: str
    body: Any
    act: Callable[[Any, Given], Any]
    answer: type
    optional: bool = False
    recording: bool = False


VERBS = (
    Verb("generate", LanguageModel, "Continue texts.", body(PROMPTS, GenerateRequest), _generate, Texts),
    Verb("next-tokens", LanguageModel, "The likeliest next tokens.", body(COUNTED), _next, Tokens),
    Verb("choose", LanguageModel, "Which of several texts follows likeliest.", body(CHOICES), _choose, Choices),
    Verb("embed", LanguageModel, "A vector for each line.", body(LINES), _embed, Vectors),
    Verb("score", LanguageModel, SCORE, body(LINES, LineRequest, "context", "open_vocabulary"), _score_lines, Scores),
    Verb("score", Translator, SCORE, body(PAIRS), _score_pairs, Scores),
    Verb(
        "translate",
        Translator,
        "Translate lines.",
        body(TERMS | LINES, TranslateRequest, leave_out=OURS | {"n_best"}),  # the best alone is answered
        _translate,
        Translations,
    ),
    Verb("tag", Tagger, "Label words or characters.", body(SENTENCES), _tag, Taggings),
    Verb(
        "transcribe",
        Recogniser,
        "What is said in a recording, which is the body of the request (WAV, FLAC, OGG or MP3).",
        body(WORDS, SearchRequest, "beam", "open_words"),
        _transcribe,
        Transcribed,
        recording=True,
    ),
    Verb(
        "forecast",
        Forecaster,
        "Forecast every series of a table, without a model or with a network that was trained before.",
        body(TABLES, ForecastRequest, leave_out=OURS | TRAINING | {"sheet"}),
        _forecast,
        Forecasts,
        optional=True,
    ),
)
