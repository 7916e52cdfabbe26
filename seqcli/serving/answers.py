"""What the verbs answer, as OpenAPI describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqcli.language.choices import Choice


@dataclass(frozen=True)
class Texts:
    """Continuations, prompt by prompt, without their prompts."""

    texts: list[str]


@dataclass(frozen=True)
class Token:
    token: str
    probability: float


@dataclass(frozen=True)
class Tokens:
    """The likeliest next tokens, the likeliest first."""

    tokens: list[Token]


@dataclass(frozen=True)
class Choices:
    """The choices, the likeliest first: `probability` is among them, `log_probability` natural."""

    choices: list[Choice]


@dataclass(frozen=True)
class Vectors:
    """A vector for each line."""

    vectors: list[list[float]]


@dataclass(frozen=True)
class LineScore:
    text: str
    log_probability: float | None
    perplexity: float | None
    tokens: list[str]
    surprisals: list[float]
    unknown: list[int]


@dataclass(frozen=True)
class Scores:
    """Log-probability (natural) and perplexity of each line, None of a blank one; its tokens, -log p of each, and the
    numbers, from 0, of those that the model does not know."""

    scores: list[LineScore]


@dataclass(frozen=True)
class Translations:
    """A translation for each line."""

    translations: list[str]


@dataclass(frozen=True)
class Chunk:
    start: int
    end: int
    label: str


@dataclass(frozen=True)
class OneTagging:
    steps: list[str]
    labels: list[str]
    chunks: list[Chunk] | None


@dataclass(frozen=True)
class Taggings:
    """The steps (words or characters) of each sentence, their labels, and the chunks if the labels are of chunks: from
    step `start` to before step `end`, counted from 0."""

    taggings: list[OneTagging]


@dataclass(frozen=True)
class SpokenWord:
    word: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True)
class Transcribed:
    """What is said; times in seconds; `words` are empty unless they are asked for."""

    text: str
    seconds: float
    words: list[SpokenWord]


@dataclass(frozen=True)
class Forecasts:
    """The forecasts, a row a series and time, with intervals; how good earlier ones were; what was found and guessed;
    the measures of earlier forecasts by method, if they are asked for (`backtest`); what each covariate is worth, and
    the holidays (`importance`)."""

    rows: list[dict[str, Any]]
    accuracy: str
    notes: list[str]
    frequency: str
    season: int
    horizon: int
    backtest: list[dict[str, Any]]
    importance: list[dict[str, Any]]
