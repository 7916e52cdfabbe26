"""What is said of texts that hold more than words."""

from __future__ import annotations

import pytest

from seqcli.text.markup import about_markup

CUES = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\nHello there.\n\n" for n in range(9))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n "name": "Chat",\n "messages": [\n  {"text": "hi"}\n ]\n}\n', "JSON"),
        ('["one", "two"]\n', "JSON"),
        ("<!DOCTYPE html>\n<p>Hello</p>\n", "HTML"),
        (CUES, "subtitles"),
        ("WEBVTT\n\n" + CUES.replace(",", "."), "subtitles"),
        (">sp|P1|X\nMKV\n>sp|P2|Y human\nMLL\n" * 5, "FASTA"),
        ("".join(f"word {1000 // n}\n" for n in range(1, 30)), "cut -d' ' -f1"),
        ("".join(f"word,{1000 // n}\n" for n in range(1, 30)), "cut -d',' -f1"),
        ("".join(f"{1000 // n:7} word\n" for n in range(1, 30)), "awk"),
        ("@r1\nACGT\n+\nIIHG\n" * 5, "FASTQ"),
        ("[Events]\n" + "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,Hello.\n" * 12, "subtitles"),
    ],
)
def test_markup_is_said(text: str, said: str) -> None:
    assert [said in note for note in about_markup(text)] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A plain text.\n" * 20,
        '[Event "Club"]\n1. e4 e5\n' * 20,
        "[[Link]] and {{Infobox}}\n" * 20,
        "{{Infobox}}\n" * 20,
        "> quoted\n> in a letter\nand an answer\n" * 20,
        "".join(f"1+{n} {n}\n" for n in range(30, 1, -1)),  # sums
        "".join(f"flat {n * 7 % 30}\n" for n in range(30)),
        "He left at 10:30 --> she stayed.\n" * 20,
        "".join(f"{n} bottles\n" for n in range(30)),
        "@anna hello\nhi\n+ more\nok\n" + "@bo\nhi\n" * 8,
    ],
)
def test_plain_text_is_not_remarked_on(text: str) -> None:
    assert not about_markup(text)
