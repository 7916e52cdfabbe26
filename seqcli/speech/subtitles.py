"""Words with their times as SubRip subtitles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seqcli.speech.alignment import Word

MOST_CHARACTERS, MOST_SECONDS, PAUSE = 42, 6.0, 0.8  # of a subtitle, and between the words of one


def subtitles(words: Iterable[Word]) -> Iterator[str]:
    """Subtitles, numbered from 1: a new one after a pause, and when one would be too long to read or to show."""
    held: list[Word] = []
    number = 1
    for word in words:
        if held and (
            word.start - held[-1].end > PAUSE
            or word.end - held[0].start > MOST_SECONDS
            or len(" ".join(w.text for w in held)) + 1 + len(word.text) > MOST_CHARACTERS
        ):
            yield _subtitle(number, held)
            number, held = number + 1, []
        held.append(word)
    if held:
        yield _subtitle(number, held)


def _subtitle(number: int, words: list[Word]) -> str:
    text = " ".join(word.text for word in words)
    return f"{number}\n{_time(words[0].start)} --> {_time(words[-1].end)}\n{text}\n\n"


def _time(seconds: float) -> str:
    """As SubRip writes it: 00:01:02,345."""
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d},{whole % 1000:03d}"
