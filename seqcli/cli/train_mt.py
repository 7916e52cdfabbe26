"""`seqcli train-mt`: learn to translate from pairs of sentences."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from seqcli.cli import console, options
from seqcli.cli.options import LEARNING, MODEL, REGULARISATION, choice, count, number, switch, value
from seqcli.cli.training import output_path, run_training


def train_mt(
    pairs: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE", help="Files of pairs (TSV, CSV, JSON Lines, TMX), or a source and a target file."
        ),
    ],
    valid: Annotated[
        list[str] | None,
        value("FILE", "Pairs to validate on, in the same forms; given twice, source and target."),
    ] = None,
    valid_share: Annotated[float, number("Share of the pairs held out without --valid.", least=0.0, most=0.5)] = 0.05,
    skip_bad: options.SkipBad = False,
    columns: options.Columns = None,
    max_length: Annotated[int | None, count("Leave out pairs with a side of more tokens; 250 by default.")] = None,
    keep: options.Keep = None,
    tokens: Annotated[
        Literal["auto", "subword", "word", "char"], choice("What sentences are cut into; auto looks at the pairs.")
    ] = "auto",
    vocab_size: options.VocabSize = None,
    budget: options.Budget = None,
    epochs: options.Epochs = None,
    steps: options.Steps = None,
    output: options.Output = None,
    overwrite: options.Overwrite = False,
    resume: options.Resume = False,
    init_from: Annotated[str | None, value("MODEL", "Start from this model and its vocabulary: fine-tuning.")] = None,
    cell: options.Cell = "lstm",
    attention: Annotated[
        Literal["dot", "additive", "multi-head", "none"],
        choice("How the decoder looks at the source; none: only through its first state.", MODEL),
    ] = "dot",
    input_feeding: Annotated[
        bool, switch("--input-feeding", "The decoder also sees what it looked at last (slower).", MODEL)
    ] = False,
    size: options.Size = "auto",
    hidden: Annotated[int | None, count("Units of a decoder layer.", MODEL, least=2)] = None,
    layers: Annotated[int | None, count("Layers of encoder and decoder.", MODEL)] = None,
    embedding: options.Embedding = None,
    guided: Annotated[
        bool, switch("--guided/--unguided", "Teach the attention word alignments found by counting.", LEARNING)
    ] = True,
    batch_size: Annotated[int | None, count("Tokens a side of a batch.", LEARNING)] = None,
    learning_rate: options.LearningRate = None,
    patience: options.Patience = 0,
    dropout: Annotated[float | None, number("Share of units left out while training.", REGULARISATION)] = None,
    label_smoothing: Annotated[float, number("Share of the target spread evenly.", REGULARISATION)] = 0.1,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    seed: options.Seed = 1,
    save_interval: options.SaveInterval = 60.0,
    encoding: options.Encoding = "utf-8",
    errors: options.Errors = "strict",
    as_json: options.Json = False,
) -> None:
    """Learn to translate from pairs of sentences.

    Trains for ten minutes unless --budget, --epochs or --steps says otherwise, and saves
    checkpoints/NAME.mt.safetensors. Ctrl-C stops, saves and prints the command that goes on.
    """
    from seqcli.translation.train import TrainRequest, train_translation_model

    if "-" in pairs:
        console.mention_terminal_input()
    request = TrainRequest(
        pairs=tuple(pairs),
        output=output_path(output, pairs, "mt"),
        valid=tuple(valid or ()),
        valid_share=valid_share,
        skip_bad=skip_bad,
        columns=columns,
        max_length=max_length,
        keep=tuple(keep or ()),
        tokens=tokens,
        vocab_size=vocab_size,
        encoding=encoding,
        encoding_errors=errors,
        cell=cell,
        size=size,
        embedding=embedding,
        hidden=hidden,
        layers=layers,
        attention=attention,
        input_feeding=input_feeding,
        dropout=dropout,
        label_smoothing=label_smoothing,
        guided=guided,
        budget=budget,
        epochs=epochs,
        steps=steps,
        batch_tokens=batch_size,
        learning_rate=learning_rate,
        patience=patience,
        device=device,
        precision=precision,
        seed=seed,
        save_interval=save_interval,
        overwrite=overwrite,
        resume=resume,
        init_from=Path(init_from) if init_from is not None else None,
    )
    run_training(
        train_translation_model,
        request,
        task="mt",
        metric="bleu",
        said=lambda metrics: (
            f"validation BLEU {metrics['bleu']:.1f}, chrF {metrics['chrf']:.1f}, exact {metrics['exact']:.1%}, "
            f"perplexity {metrics['perplexity']:.2f}"
        ),
        try_out=f"seqcli translate --model {shlex.quote(str(request.output))} 'a sentence to translate'",
        as_json=as_json,
    )
