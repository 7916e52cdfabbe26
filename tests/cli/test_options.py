"""Lengths of time, as people write them."""

from __future__ import annotations

import pytest

from seqcli.cli.options import format_duration
from seqcli.options import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("1h30m", 5400), ("2D", 172800), (" 5m ", 300)],
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5m", "ten", "5 m", "5x", "1e3", "m5", "inf", "nan"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="not a length of time"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0s"), (8.2, "8s"), (59.7, "1m 00s"), (245, "4m 05s"), (7620, "2h 07m")]
)
def test_durations_as_text(seconds, text):
    assert format_duration(seconds) == text
