"""`seqcli train-lm`: learn a language model from text."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from seqcli.cli import console, options
from seqcli.cli.options import LEARNING, MODEL, REGULARISATION, choice, count, number, switch, value
from seqcli.cli.training import output_path, run_training


def train_lm(
    corpus: Annotated[list[str], typer.Argument(metavar="FILE", help="Text files, plain or .gz; - is stdin.")],
    valid: Annotated[
        list[str] | None,
        value("FILE", "Text to validate on; the last part of the corpus by default."),
    ] = None,
    valid_share: Annotated[float, number("Share of the corpus held out without --valid.")] = 0.05,
    tokens: Annotated[Literal["auto", "char", "word", "subword"], choice("What the text is cut into.")] = "auto",
    vocab_size: options.VocabSize = None,
    budget: options.Budget = None,
    epochs: options.Epochs = None,
    steps: options.Steps = None,
    output: options.Output = None,
    overwrite: options.Overwrite = False,
    resume: options.Resume = False,
    init_from: Annotated[str | None, value("MODEL", "Start from this model and its tokens: fine-tuning.")] = None,
    cell: options.Cell = "lstm",
    size: options.Size = "auto",
    hidden: Annotated[int | None, count("Units of a layer.", MODEL)] = None,
    layers: Annotated[int | None, count("Layers.", MODEL)] = None,
    embedding: options.Embedding = None,
    tied: Annotated[bool, switch("--tied/--untied", "Share embedding and output weights.", MODEL)] = True,
    batch_size: Annotated[int | None, count("Streams read side by side.", LEARNING)] = None,
    bptt: Annotated[int | None, count("Time steps gradients reach back.", LEARNING)] = None,
    random_bptt: Annotated[
        bool,
        switch(
            "--random-bptt",
            "Pieces of random length around --bptt, rates scaled with them (Merity et al. 2017).",
            LEARNING,
        ),
    ] = False,
    learning_rate: options.LearningRate = None,
    average: Annotated[
        float, number("Decay of averaged weights, such as 0.999; 0: none.", LEARNING, least=0.0, most=1.0)
    ] = 0.0,
    patience: options.Patience = 0,
    softmax: Annotated[
        Literal["auto", "full", "sampled"], choice("Sum over all types, or over a sample, in training.", LEARNING)
    ] = "auto",
    dropout: Annotated[
        float | None,
        number(
            "Units left out, the same at all steps of a piece (locked, Gal & Ghahramani 2016): between the layers and "
            "before the output, half of it on the input. Chosen by how often the text will be read.",
            REGULARISATION,
        ),
    ] = None,
    input_dropout: Annotated[float | None, number("The same on the embedded tokens alone.", REGULARISATION)] = None,
    layer_dropout: Annotated[float | None, number("The same between the layers alone.", REGULARISATION)] = None,
    output_dropout: Annotated[float | None, number("The same before the output layer alone.", REGULARISATION)] = None,
    embedding_dropout: Annotated[
        float | None, number("Words left out, wherever they stand in a piece (ibid.).", REGULARISATION)
    ] = None,
    weight_dropout: Annotated[
        float | None, number("Recurrent weights left out (DropConnect, Merity et al. 2017).", REGULARISATION)
    ] = None,
    activation_penalty: Annotated[
        float | None, number("On the mean square of the outputs (AR, ibid.), such as 2.", REGULARISATION, least=0.0)
    ] = None,
    temporal_penalty: Annotated[
        float | None,
        number("On that of their change from step to step (TAR, ibid.), such as 1.", REGULARISATION, least=0.0),
    ] = None,
    label_smoothing: Annotated[
        float | None, number("Share of the target spread over all types (Szegedy et al. 2016).", REGULARISATION)
    ] = None,
    weight_decay: Annotated[
        float | None, number("Of AdamW (Loshchilov & Hutter 2019), such as 0.01.", REGULARISATION, least=0.0)
    ] = None,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    seed: options.Seed = 1,
    save_interval: options.SaveInterval = 60.0,
    encoding: options.Encoding = "utf-8",
    errors: options.Errors = "strict",
    as_json: options.Json = False,
) -> None:
    """Learn a language model from text.

    Trains for five minutes unless --budget, --epochs or --steps says otherwise, and saves
    checkpoints/NAME.lm.safetensors. Ctrl-C stops, saves and prints the command that goes on.
    """
    from seqcli.language.train import TrainRequest, train_language_model

    if "-" in corpus:
        console.mention_terminal_input()
    request = TrainRequest(
        corpus=tuple(corpus),
        output=output_path(output, corpus, "lm"),
        valid=tuple(valid or ()),
        valid_share=valid_share,
        tokens=tokens,
        vocab_size=vocab_size,
        encoding=encoding,
        encoding_errors=errors,
        cell=cell,
        size=size,
        embedding=embedding,
        hidden=hidden,
        layers=layers,
        tied=tied,
        dropout=dropout,
        input_dropout=input_dropout,
        layer_dropout=layer_dropout,
        output_dropout=output_dropout,
        embedding_dropout=embedding_dropout,
        weight_dropout=weight_dropout,
        activation_penalty=activation_penalty,
        temporal_penalty=temporal_penalty,
        label_smoothing=label_smoothing,
        weight_decay=weight_decay,
        random_bptt=random_bptt,
        budget=budget,
        epochs=epochs,
        steps=steps,
        batch_size=batch_size,
        bptt=bptt,
        learning_rate=learning_rate,
        average=average,
        patience=patience,
        softmax=softmax,
        device=device,
        precision=precision,
        seed=seed,
        save_interval=save_interval,
        overwrite=overwrite,
        resume=resume,
        init_from=Path(init_from) if init_from is not None else None,
    )
    run_training(
        train_language_model,
        request,
        task="lm",
        metric="perplexity",
        said=lambda metrics: (
            f"validation perplexity {metrics['perplexity']:.2f}, {metrics['bits_per_char']:.3f} bits per character"
        ),
        try_out=f"seqcli generate --model {shlex.quote(str(request.output))} --prompt ''",
        as_json=as_json,
    )
