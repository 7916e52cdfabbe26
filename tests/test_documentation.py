"""Documentation that leads somewhere: links between pages, files that are named, commands and options that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from seqcli.cli.app import COMMANDS, app

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md")])
GENERATED = {ROOT / "docs" / "commands.md"}
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
# A command line as it stands in an indented or fenced example or between backticks; a backslash continues it.
COMMAND = re.compile(r"(?:^ *|`|\| |&& )seqcli ([a-z][a-z-]+)\b([^`|\n#]*)", re.MULTILINE)
OPTION = re.compile(r"(?<!\S)(--?[a-zA-Z][a-z0-9-]*)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            path = (page.parent / target).resolve()
            assert path.exists() or path in GENERATED, f"{page.name} links to {target}"


def options_of(command: str) -> set[str]:
    parameters = typer.main.get_command(app).get_command(None, command).params  # type: ignore[attr-defined]
    return {"--help", "-h"} | {name for one in parameters for name in (*one.opts, *one.secondary_opts)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for command, rest in COMMAND.findall(text):
        assert command in COMMANDS, f"{page.name}: there is no command {command}"
        unknown = set(OPTION.findall(rest)) - options_of(command)
        assert not unknown, f"{page.name}: seqcli {command} has no {', '.join(sorted(unknown))}"


def test_examples_are_found() -> None:
    found = [command for page in PAGES for command, _ in COMMAND.findall(page.read_text(encoding="utf-8"))]
    assert len(set(found) & set(COMMANDS)) >= 8
