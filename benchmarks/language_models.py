"""What `train-lm` reaches on public data within a time budget, with no option but the tokens and the budget.

    python benchmarks/language_models.py FOLDER [shakespeare|ptb|wikitext2]... [--budget 5m] [--adapt]

FOLDER holds tinyshakespeare.txt, {ptb,wikitext2}.{train,valid}.txt. Budgets default to 5 minutes for characters, 10 for
words. `--adapt` also evaluates with dynamic evaluation and the cache.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import describe

RUNS = {
    "shakespeare": (["tinyshakespeare.txt", "--tokens", "char", "--valid-share", "0.1"], "5m"),
    "ptb": (["ptb.train.txt", "--valid", "ptb.valid.txt", "--tokens", "word"], "10m"),
    "wikitext2": (["wikitext2.train.txt", "--valid", "wikitext2.valid.txt", "--tokens", "word"], "10m"),
}


def seqcli(*arguments: str) -> dict:
    done = subprocess.run([sys.executable, "-m", "seqcli", *arguments, "--json"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("runs", nargs="*", default=list(RUNS))
    parser.add_argument("--budget")
    parser.add_argument("--adapt", action="store_true")
    options = parser.parse_args()
    print(describe())
    print("\nrun            budget   nats/token   perplexity   bits/char   tokens/s   with cache   dynamic")
    for name in options.runs:
        files, budget = RUNS[name]
        arguments = [str(options.folder / part) if part.endswith(".txt") else part for part in files]
        budget = options.budget or budget
        with tempfile.TemporaryDirectory() as folder:
            model = f"{folder}/{name}.lm.safetensors"
            metrics = seqcli("train-lm", *arguments, "--budget", budget, "-o", model)
            metrics = metrics.get("metrics", metrics)
            adapted = ["", ""]
            if options.adapt and "--valid" in arguments:
                text = arguments[arguments.index("--valid") + 1]
                result = seqcli("evaluate", model, text, "--cache", "--dynamic")
                adapted = [f"{result[way]['perplexity']:.2f}" for way in ("cache", "dynamic")]
        print(
            f"{name:14s} {budget:>6s} {math.log(metrics['perplexity']):12.3f} {metrics['perplexity']:12.2f} "
            f"{metrics['bits_per_char']:11.3f} {metrics['tokens_per_second']:10,.0f} "
            f"{adapted[0]:>12s} {adapted[1]:>9s}",
            flush=True,
        )


if __name__ == "__main__":
    main()
