"""Which room may import which, and what start-up may not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "seqcli"
MODULES = sorted(PACKAGE.rglob("*.py"))

# cli -> tasks -> training -> model, text, series -> files, errors; the tasks stay apart, as do model, text and series.
ROOT = {"__init__", "errors", "notices"}  # `seqcli` itself: the version
STORE = ROOT | {"files", "options", "requests"}
SHARED = STORE | {"model", "text", "series", "training"}
TASKS = {"language", "translation", "forecasting", "speech", "tagging"}
MAY_IMPORT = {
    "__init__": {"errors", "forecasting", "models", "train"},  # imported when they are used
    "errors": set(),
    "notices": set(),
    "options": ROOT,
    "signals": ROOT,
    "requests": ROOT | {"options"},
    "files": ROOT,
    "model": STORE,
    "text": STORE,
    "series": STORE | {"text"},
    "training": STORE | {"model", "text", "series"},
    "language": SHARED,
    "translation": SHARED,
    "forecasting": SHARED,
    "speech": SHARED,
    "tagging": SHARED,
    "cli": SHARED | TASKS | {"models", "serving", "signals"},
    "models": SHARED | TASKS,
    "serving": SHARED | TASKS | {"models", "signals"},
    "train": SHARED | TASKS | {"models", "cli"},
    "__main__": {"errors", "cli", "signals"},
}
# What only some rooms may import, and what no module may import at its top.
ONLY_IN = {"typer": {"cli"}, "rich": {"cli"}, "fastapi": {"serving"}, "starlette": {"serving"}, "uvicorn": {"serving"}}
HEAVY = {
    *("torch", "numpy", "pandas", "sentencepiece", "sacrebleu", "safetensors", "matplotlib", "soundfile", "soxr"),
    *("fastapi", "uvicorn"),
}


def room(module: Path) -> str:
    """The folder of a module inside the package, or its name when it lies in the package itself."""
    first = module.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(module: Path) -> Iterator[tuple[str, str]]:
    """Each (top package, room of ours or "") that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            ours = parts[1] if parts[0] == "seqcli" and len(parts) > 1 else ""
            is_room = ours and ((PACKAGE / ours).is_dir() or (PACKAGE / f"{ours}.py").exists())
            yield parts[0], ours if is_room else ("__init__" if parts[0] == "seqcli" else "")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(module):
    own = room(module)
    for top, ours in imports(module):
        if top == "seqcli":
            assert ours == own or ours in MAY_IMPORT[own], f"{own} may not import {ours}"
        assert own in ONLY_IN.get(top, {own}), f"{own} may not import {top}"


def loaded_by(program: str) -> set[str]:
    """The top-level packages that a Python program has loaded at its end."""
    report = "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules}, file=sys.__stderr__)"
    done = subprocess.run([sys.executable, "-c", program + report], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]], ids=" ".join)
def test_start_up_loads_nothing_heavy(arguments):
    loaded = loaded_by(f"from seqcli.cli.app import run\nassert run({arguments!r}) == 0")
    assert "typer" in loaded
    assert not loaded & (HEAVY | {"rich"})


def test_no_command_module_loads_anything_heavy():
    from seqcli.cli.app import COMMANDS

    names = ", ".join(f"seqcli.cli.{name.partition('-')[0]}" for name in COMMANDS)
    assert not loaded_by(f"import {names}") & HEAVY


def test_completion_loads_nothing_heavy():
    program = (
        "import os\nos.environ.update(_SEQCLI_COMPLETE='complete_bash', COMP_WORDS='seqcli ', COMP_CWORD='1')\n"
        "from seqcli.cli.app import run\nassert run([]) == 0"
    )
    assert not loaded_by(program) & HEAVY


def test_training_does_not_load_torchs_compiler(tmp_path):
    corpus, model = tmp_path / "corpus.txt", tmp_path / "model.safetensors"
    corpus.write_text("a line of text\n" * 50)
    arguments = ["train-lm", str(corpus), "-q", "--size=tiny", "--steps=2", f"--output={model}"]
    loaded = loaded_by(f"from seqcli.cli.app import run\nassert run({arguments!r}) == 0")
    assert "torch" in loaded
    assert "sympy" not in loaded  # the compiler needs it, and importing both takes as long as importing torch
