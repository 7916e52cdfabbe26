"""Rows of pairs, and the files that hold them, whatever their form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from seqcli.errors import DataError, UsageError
from seqcli.files.opening import shown_path

BLANK = "is blank"
NO_TAB = "no TAB"
SOURCE_NAMES = ("source", "src", "input", "question", "prompt", "original", "instruction")
TARGET_NAMES = ("target", "tgt", "trg", "translation", "reference", "ref", "output", "answer", "completion")
_LANGUAGES = (
    "ar bg bn ca cs cy da de el en eo es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk kn ko ku la lt "
    "lv mk ml mr ms mt nb nl nn no pa pl ps pt ro ru sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh ara ces cmn "
    "cze deu dut eng fra fre ger hin ita jpn kor nld pol por rus spa swe tur zho arabic bulgarian chinese croatian "
    "czech danish dutch english estonian finnish french german greek hebrew hindi hungarian indonesian italian "
    "japanese korean latin latvian lithuanian norwegian persian polish portuguese romanian russian serbian slovak "
    "slovenian spanish swedish thai turkish ukrainian vietnamese "
    "deutsch englisch français anglais español inglés italiano inglese português inglês nederlands engels polski "
    "angielski svenska engelska türkçe ingilizce русский английский 中文 英文 汉语 英语 日本語 英語 한국어 영어"
)
LANGUAGES = frozenset(_LANGUAGES.split())


@dataclass(frozen=True)
class Pair:
    """A source and its translation, on `line` (from 1) of a file; or what is wrong with that line."""

    line: int
    source: str
    target: str
    problem: str = ""


@dataclass(frozen=True)
class Columns:
    """Which columns are source and target: numbers from 1, or names; several of a side are put together with a blank
    between, so that a language's tag or a word's features can stand before the text."""

    source: tuple[str, ...]
    target: tuple[str, ...]

    @classmethod
    def parse(cls, text: str | None) -> Columns | None:
        """From `1,3`, `en,de` or `3+1,2`; None for None. `UsageError` for anything else."""
        if text is None:
            return None
        sides = [tuple(name.strip() for name in side.split("+")) for side in text.split(",")]
        if len(sides) != 2 or not all(all(side) for side in sides):
            hint = "--columns 1,3, en,de or tag+en,de"
            raise UsageError(f"--columns {text}: name a source and a target column", hint=hint)
        return cls(*sides)


def named_sides(names: Sequence[str]) -> list[str]:
    """The names that say which column is the source and which the target; none where that could be several."""
    sides = [[name for name in some if name in names] for some in (SOURCE_NAMES, TARGET_NAMES)]
    return [side[0] for side in sides] if all(len(side) == 1 for side in sides) else []


@dataclass
class PairFile:
    """A file of pairs, of a `kind` that `pairs.open_pairs` names: `sample` of its lines are looked at before the first
    row, `notes` say what was taken for granted, `direction` has what it calls source and target, if anything."""

    path: str
    lines: Iterator[str]
    columns: Columns | None
    sample: int
    kind: str
    notes: list[str] = field(default_factory=list)
    direction: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        return shown_path(self.path)

    def problem(self, message: str, hint: str, line: int | None = None) -> DataError:
        """The error for a file whose format cannot be read."""
        return DataError(message, path=self.name, line=line, hint=hint)

    def say_direction(self, source: str, target: str) -> None:
        self.direction = source, target
        self.notes.append(f"{self.name}: {source} to {target}; --columns {target},{source} turns them round")


@dataclass
class Direction:
    """From what to what the files that are read for one purpose go, by the first that says it."""

    file: PairFile | None = None

    def check(self, file: PairFile) -> None:
        """`DataError` for a file that goes the other way."""
        before = self.file.direction if self.file is not None else None
        if before is None:
            self.file = file
        elif self.file is not file and file.direction == before[::-1]:
            assert self.file is not None
            way = f"goes from {before[1]} to {before[0]}, {self.file.name} from {before[0]} to {before[1]}"
            raise file.problem(way, f"--columns {','.join(before)} reads all files in one direction")
