"""Beam search against a loop that carries finished sentences to the end.

    python benchmarks/translate_decoding.py MODEL SOURCE [REFERENCE] [--beam 5] [--batch-size 64]

MODEL is a translation model, SOURCE its language, a sentence a line. Both sides run the same model in the same process
on NumPy; the loop is the textbook one: a copy of what is attended to for every hypothesis, a whole sort, batches in
the order of the file. Ratios are of one run each; the whole command is the median of five.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from machine import describe

from seqcli.files.checkpoint import load_checkpoint
from seqcli.model.probability import log_softmax
from seqcli.translation.evaluate import translation_quality
from seqcli.translation.options import TranslateRequest
from seqcli.translation.preprocessing import decode_sentence, encode_sentence
from seqcli.translation.translate import Translator


def textbook(translator: Translator, lines: list[str], beam: int, batch_size: int) -> list[str]:
    """Beam search as it is written plainly, one translation a line."""
    found = []
    for start in range(0, len(lines), batch_size):
        found += textbook_batch(translator, lines[start : start + batch_size], beam)
    return found


def textbook_batch(translator: Translator, lines: list[str], beam: int) -> list[str]:
    decoder, tokenizer = translator.decoders[0], translator.tokenizer
    end, vocabulary, batch = tokenizer.boundary_id, decoder.config.vocabulary, len(lines)
    sources = [encode_sentence(tokenizer, translator.preprocessing.source(line)) for line in lines]
    lengths = np.array([len(source) for source in sources])
    padded = np.full((batch, lengths.max()), end, np.int64)
    for row, source in enumerate(sources):
        padded[row, : len(source)] = source
    memory, state = decoder.encode(padded, lengths)
    rows = np.repeat(np.arange(batch), beam)
    memory, state = decoder.select_memory(memory, rows), decoder.select(state, rows)
    scores = np.where(np.arange(batch * beam) % beam == 0, 0.0, -np.inf)
    tokens = np.full((batch * beam, 1), end)
    finished = np.zeros(batch * beam, bool)
    for _ in range(2 * padded.shape[1] + 10):
        readout, state, _ = decoder.step(tokens[:, -1], state, memory)
        chances = log_softmax(decoder.logits(readout))
        chances[finished] = -np.inf
        chances[finished, end] = 0.0
        total = (scores[:, None] + chances).reshape(batch, beam * vocabulary)
        best = np.argsort(-total, axis=1)[:, :beam]
        parents = (best // vocabulary + np.arange(batch)[:, None] * beam).ravel()
        scores = np.take_along_axis(total, best, axis=1).ravel()
        tokens = np.concatenate((tokens[parents], (best % vocabulary).reshape(-1, 1)), axis=1)
        state = decoder.select(state, parents)
        finished = finished[parents] | (tokens[:, -1] == end)
        if finished.all():
            break
    count = np.array([next((n for n, t in enumerate(row[1:], 1) if t == end), len(row) - 1) for row in tokens.tolist()])
    ranked = (scores / count).reshape(batch, beam).argmax(axis=1)
    picked = tokens.reshape(batch, beam, -1)[np.arange(batch), ranked]
    texts = []
    for row in picked[:, 1:].tolist():
        texts.append(decode_sentence(tokenizer, row[: row.index(end)] if end in row else row))
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", type=Path)
    parser.add_argument("source", type=Path)
    parser.add_argument("reference", type=Path, nargs="?")
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    options = parser.parse_args()
    print(describe())
    lines = options.source.read_text(encoding="utf-8").split("\n")[:-1]
    translator = Translator.load([load_checkpoint(options.model, task="mt")])
    search = TranslateRequest(beam=options.beam, batch_size=options.batch_size)

    start = time.perf_counter()
    found = [t.text for t in translator.translate(lines, search)]
    ours = time.perf_counter() - start
    start = time.perf_counter()
    plain = textbook(translator, lines, options.beam, options.batch_size)
    theirs = time.perf_counter() - start
    print(f"{len(lines):,} sentences, beam {options.beam}: {ours:.2f} s, {len(lines) / ours:.0f} sentences/s")
    print(f"textbook loop: {theirs:.2f} s, {len(lines) / theirs:.0f} sentences/s; ratio {theirs / ours:.1f}")
    if options.reference is not None:
        references = options.reference.read_text(encoding="utf-8").split("\n")[:-1]
        for name, texts in (("ours", found), ("textbook", plain)):
            quality = translation_quality(texts, references)
            print(f"{name}: BLEU {quality['bleu']}, chrF {quality['chrf']} ({quality['bleu_signature']})")

    seconds = []
    command = [
        sys.executable,
        "-m",
        "seqcli",
        "translate",
        "-q",
        "--model",
        str(options.model),
        "--beam",
        "1",
        lines[0],
    ]
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    print(f"one sentence, greedy, whole command: {statistics.median(seconds):.2f} s")


if __name__ == "__main__":
    main()
