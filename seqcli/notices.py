"""Notices: what is said about a piece of work while it is done, a line of text each."""

from __future__ import annotations

from collections.abc import Callable

Notice = Callable[[str], None]  # gets each line


def quietly(text: str) -> None:
    """Nobody is told."""


def change_with(*flags: str) -> str:
    """What a notice of something that was found or chosen ends with: the options that decide it."""
    return f"use {' or '.join(flags)} to change this"
