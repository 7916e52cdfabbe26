"""`seqcli evaluate`: how good a model is on data it has not seen."""

from __future__ import annotations

from pathlib import Path

from seqcli.cli import console
from seqcli.cli.info import flatten
from seqcli.cli.options import ModelSummary
from seqcli.cli.request import Given, request_of, tasks_command
from seqcli.cli.rows import write_json, write_rows
from seqcli.forecasting.options import EvaluateRequest as ForecasterRequest
from seqcli.language.options import EvaluateRequest as LanguageModelRequest
from seqcli.speech.options import EvaluateRequest as RecogniserRequest
from seqcli.tagging.options import EvaluateRequest as TaggerRequest
from seqcli.translation.options import EvaluateRequest as TranslatorRequest

REQUESTS = {
    "Language models": LanguageModelRequest,
    "Translation": TranslatorRequest,
    "Speech recognition": RecogniserRequest,
    "Tagging": TaggerRequest,
    "Forecasting": ForecasterRequest,
}


def _evaluate(asked: ModelSummary, given: Given) -> None:
    from seqcli.files.checkpoint import load_checkpoint
    from seqcli.models import of_checkpoint

    if "-" in given["data"]:
        console.mention_terminal_input()
    model = of_checkpoint(load_checkpoint(Path(asked.model)), None)
    result = model.measure(request_of(model.evaluation, given, model.task_name(), REQUESTS.values()), console.notice)
    if asked.json:
        write_json(result)
    else:
        write_rows(["what", "value"], flatten(result))


evaluate = tasks_command(
    ModelSummary,
    REQUESTS,
    """Measure a model on data.

    A language model: perplexity, bits per byte and per character of a text. A translation model, on files of pairs or a
    source and a target file: BLEU and chrF of sacreBLEU, their signatures, and exact matches. A tagger, on labelled
    text: accuracy, and for chunks precision, recall and F1, overall and by kind. A forecaster, on a CSV file: MASE,
    sMAPE, quantile loss and coverage on each series' last periods, next to seasonal naive. A speech recogniser, on
    a table or folder of recordings: word and character error rate, overall and by speaker.
    """,
    _evaluate,
)
