"""Reading a large corpus: speed and peak memory of tokenising, for growing sizes made by repeating a text.

    python benchmarks/tokenize_corpus.py TEXT [--megabytes 10 100 1000] [--tokens subword]

Each size runs in a process of its own, with an empty cache; learning the vocabulary is part of the time. On a machine
that is busy with other things, the seconds of its processors say what the work costs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import describe

CHILD = """
import resource, sys, time
from pathlib import Path
from seqcli.data.corpus import open_corpus
path, tokens, cache = sys.argv[1:]
start = time.perf_counter()
corpus = open_corpus([path], tokens=tokens, cache_dir=Path(cache))
seconds, busy = time.perf_counter() - start, time.process_time()
again = time.perf_counter()
open_corpus([path], tokens=tokens, cache_dir=Path(cache))
again = time.perf_counter() - again
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(len(corpus.train) + len(corpus.valid), seconds, busy, again, peak, corpus.train.dtype)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--tokens", default="subword")
    options = parser.parse_args()
    text = options.text.read_bytes()
    print(f"{options.tokens} tokens; {describe()}")
    print("      MB       tokens   seconds   of processors     MB/s   again, cached   peak memory, MB   type")
    for megabytes in options.megabytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "corpus.txt"
            with path.open("wb") as file:
                while file.tell() < megabytes * 1e6:
                    file.write(text)
            size = path.stat().st_size / 1e6
            command = [sys.executable, "-c", CHILD, str(path), options.tokens, f"{folder}/cache"]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        tokens, seconds, busy, again, peak = int(said[0]), *map(float, said[1:5])
        print(
            f"{size:8,.0f} {tokens:12,} {seconds:9.1f} {busy:15.1f} {size / seconds:8.1f} {again:13.1f} s "
            f"{peak:17,.0f}   {said[5]}",
            flush=True,
        )


if __name__ == "__main__":
    main()
