"""`seqcli evaluate`: how good a model is on data it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli import console, options
from seqcli.cli.info import flatten
from seqcli.cli.options import WIDEST_BEAM, count, number, switch, value
from seqcli.cli.rows import write_json, write_rows
from seqcli.errors import UsageError

TRANSLATION, SPEECH = "Translation", "Speech recognition"


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model file.")],
    data: Annotated[list[str], typer.Argument(metavar="DATA", help="Files to evaluate on; - is stdin.")],
    dynamic: Annotated[
        bool, switch("--dynamic", "Language models: also learning while they read (Krause et al. 2018).")
    ] = False,
    cache: Annotated[
        bool, switch("--cache", "Language models: also with a cache of 2,000 tokens (Grave et al. 2017).")
    ] = False,
    beam: Annotated[
        int | None, count("Beam size of the search: 5, for speech 8 by default.", TRANSLATION, most=WIDEST_BEAM)
    ] = None,
    length_penalty: Annotated[float, number("Compare log p / length^X.", TRANSLATION, least=-10, most=10)] = 1.0,
    max_length: Annotated[int | None, count("Most tokens of a translation.", TRANSLATION)] = None,
    ensemble: Annotated[
        list[str] | None, value("MODEL", "Average with this model; may be given several times.", TRANSLATION)
    ] = None,
    columns: options.Columns = None,
    lm: Annotated[str | None, value("MODEL", "Language model of train-lm that the search asks, too.", SPEECH)] = None,
    lm_weight: Annotated[float, number("Weight of the language model.", SPEECH, least=0.0)] = 0.6,
    by_speaker: Annotated[str | None, value("COLUMN", "Column of the table that says who speaks.", SPEECH)] = None,
    skip_bad: options.SkipBad = False,
    encoding: options.Encoding = "auto",
    errors: options.Errors = "strict",
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> None:
    """Measure a model on data.

    A language model: perplexity, bits per byte and per character of a text. A translation model, on files of pairs or a
    source and a target file: BLEU and chrF of sacreBLEU, their signatures, and exact matches. A tagger, on labelled
    text: accuracy, and for chunks precision, recall and F1, in all and by kind. A forecaster, on a CSV file: MASE,
    sMAPE, quantile loss and coverage on each series' last periods, with seasonal naive beside. A speech recogniser, on
    a table or folder of recordings: word and character error rate, in all and by speaker.
    """
    from seqcli.files.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(Path(model))
    if "-" in data:
        console.mention_terminal_input()
    if checkpoint.task == "lm":
        from seqcli.language.evaluate import evaluate_language_model

        result = evaluate_language_model(
            checkpoint,
            data,
            dynamic=dynamic,
            cache=cache,
            column=columns,
            device=device,
            encoding=encoding,
            errors=errors,
            on_notice=console.notice,
        )
    elif dynamic or cache:
        raise UsageError("--dynamic and --cache are for language models", hint=f"{model} is none")
    elif checkpoint.task == "asr":
        from seqcli.cli.transcribe import load_lm
        from seqcli.speech.evaluate import evaluate_recogniser
        from seqcli.speech.search import Search as SpeechSearch
        from seqcli.speech.table import Columns as SpeechColumns

        result = evaluate_recogniser(
            checkpoint,
            data,
            columns=SpeechColumns.of(columns, by_speaker),
            search=SpeechSearch(beam or 8, lm_weight),
            language_model=load_lm(lm),
            skip_bad=skip_bad,
            encoding=encoding,
            errors=errors,
            on_notice=console.notice,
        )
    elif checkpoint.task == "mt":
        from seqcli.text.pair_formats import Columns
        from seqcli.translation.beam import Search
        from seqcli.translation.evaluate import evaluate_translation

        result = evaluate_translation(
            [checkpoint, *(load_checkpoint(Path(name), task="mt") for name in ensemble or ())],
            data,
            search=Search(beam or 5, length_penalty, max_length),
            columns=Columns.parse(columns),
            skip_bad=skip_bad,
            device="cpu" if device == "auto" else device,
            encoding=encoding,
            errors=errors,
            on_notice=console.notice,
        )
    elif checkpoint.task == "tag":
        from seqcli.tagging.evaluate import evaluate_tagger

        result = evaluate_tagger(checkpoint, data, encoding=encoding, errors=errors, on_notice=console.notice)
    else:
        from seqcli.forecasting.evaluate import evaluate_forecaster

        if len(data) > 1:
            raise UsageError("a forecaster is evaluated on one CSV file", hint="give one file")
        result = evaluate_forecaster(checkpoint, data[0], encoding=encoding, errors=errors, on_notice=console.notice)
    if as_json:
        write_json(result)
    else:
        write_rows(["what", "value"], flatten(result))
