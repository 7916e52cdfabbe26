"""The page of commands and options, made from the commands themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from mkdocs.structure.files import File, Files

from seqcli.cli.app import COMMANDS

INTRODUCTION = """# Commands and options

What `seqcli COMMAND --help` prints, for every command. The rules that all of them keep are on the page
[The command line](command-line.md).
"""


def help_page(command: str) -> str:
    """What `seqcli COMMAND --help` prints."""
    arguments = [sys.executable, "-m", "seqcli", command, "--help"]
    done = subprocess.run(arguments, env=os.environ | {"COLUMNS": "100"}, capture_output=True, text=True, check=True)
    return done.stdout.rstrip()


def on_files(files: Files, config: Any) -> Files:
    """Add the generated page to the site."""
    sections = [f"## {name}\n\n```text\n{help_page(name)}\n```\n" for name in COMMANDS]
    files.append(File.generated(config, "commands.md", content="\n".join([INTRODUCTION, *sections])))
    return files
