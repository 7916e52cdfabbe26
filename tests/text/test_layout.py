"""Lists of short texts and continuous text are told apart, whatever they are about."""

from __future__ import annotations

import random
import textwrap

import pytest

from seqcli.text.layout import separate_lines

draw = random.Random(1)
SYLLABLES = ["ka", "lo", "mi", "ren", "tus", "bel", "o", "shi"]
WORDS = ["".join(draw.choices(SYLLABLES, k=draw.randint(2, 4))) for _ in range(3000)]
NAMES = [word.title() for word in draw.sample(WORDS, 300)]
HEADLINES = [" ".join(draw.choices(WORDS, k=draw.randint(4, 10))) for _ in range(400)]


def about(topic: int) -> str:
    return " ".join(draw.choices(WORDS[20 * topic : 20 * topic + 20], k=9))


PROSE = [about(topic) for topic in range(100) for _ in range(6)]
REQUESTS = [f"10.0.{n % 7}.{n} get /{word} HTTP/1.1" for n, word in enumerate(draw.choices(WORDS, k=300))]
LOG = [f"12:{minute:02}:{second:02} worker-{draw.randint(1, 9)} done" for minute in range(30) for second in range(9)]
CODE = "".join(f"def {name}(x):\n    return x + {len(name)}\n" for name in WORDS[:60])
THAI = "".join(draw.choice("กขคงจชดตถทน") + draw.choice(["", "ะ", "ิ", "ุ", "้"]) for _ in range(3000))
ROWS = [f'{number},good,"a sentence, {word}"' for number, word in enumerate(WORDS[:60])]
CHINESE = "".join(chr(draw.randint(0x4E00, 0x5F00)) for _ in range(4000))


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(lines)
        for lines in (
            NAMES,
            sorted(NAMES),
            HEADLINES,
            sorted(PROSE),
            LOG,
            REQUESTS,
            [CHINESE[i : i + 7] for i in range(0, 2000, 7)],
            [f"{CHINESE[i : i + 15]}，{CHINESE[i : i + 15]}。" for i in range(0, 2000, 15)],
            [syllable + 10 * "ดิ" + draw.choice("กขคง") for i, syllable in enumerate("กขคง" * 20)],
            ["id,label,text", *ROWS],
            ["{" + f'"id": {number}, "text": "{word}{" so" * 90}"' + "}" for number, word in enumerate(NAMES)],
        )
    ],
    ids=[
        "names",
        "sorted",
        "headlines",
        "sorted sentences",
        "log",
        "requests",
        "Chinese verses",
        "Chinese poems",
        "Thai",
        "CSV",
        "JSON",
    ],
)
def test_lists_of_texts(text: str) -> None:
    assert separate_lines(text + "\n")[0]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(PROSE),
        "\n\n".join(HEADLINES),
        "\n".join(textwrap.wrap(" ".join(HEADLINES), 72)),
        "\n".join(" ".join(draw.choices(WORDS, k=60)) for _ in range(50)),
        CODE,
        "\n".join(CHINESE[i : i + 30] for i in range(0, 4000, 30)),
        "\n".join(THAI[i : i + 30] for i in range(0, 3000, 30)),
        "\n".join(NAMES[:5]),
    ],
    ids=[
        "one topic after the other",
        "paragraphs",
        "wrapped",
        "long lines",
        "code",
        "wrapped Chinese",
        "wrapped Thai",
        "few",
    ],
)
def test_continuous_text(text: str) -> None:
    separate, reason = separate_lines(text + "\n")
    assert not separate
    assert reason


def sequences(shortest: int, longest: int, letters: str) -> str:
    return "\n".join("".join(draw.choices(letters, k=draw.randint(shortest, longest))) for _ in range(60)) + "\n"


def test_long_sequences_without_blanks_are_texts_of_their_own() -> None:
    assert separate_lines(sequences(100, 400, "ACDEFGHIKLMNPQRSTVWY"))[0]
    for text in (sequences(900, 1500, "ACGT"), sequences(100, 400, "ไทยกขคง"), sequences(100, 400, "春眠不觉晓")):
        assert separate_lines(text) == (False, "its lines are long")
    assert not separate_lines(sequences(200, 200, "ACGT"))[0]  # wrapped
