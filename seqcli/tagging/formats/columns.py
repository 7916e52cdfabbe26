"""One step a line, its label in a column, a blank line between sentences: CoNLL 2000/2002/2003 and CoNLL-U."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from seqcli.errors import DataError
from seqcli.tagging.formats.sentence import Sentence, Tagging, one_line, one_word
from seqcli.text.lines import csv_reader

CONLLU_COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_UNIVERSAL = r"ADJ|ADP|ADV|AUX|CCONJ|DET|INTJ|NOUN|NUM|PART|PRON|PROPN|PUNCT|SCONJ|SYM|VERB|X"  # parts of speech
DOCUMENT = "-DOCSTART-"
MARKS = (",", ";")  # between columns whose fields may be quoted
STEPS = frozenset(("word", "words", "token", "tokens", "form", "text", "char", "character"))  # names of columns
LABELS = frozenset(("label", "labels", "tag", "tags", "pos", "upos", "xpos", "ner", "chunk", "ner_tag", "pos_tag"))
SENTENCES = frozenset(("sentence", "sentence #", "sentence_id", "sentence id", "sent", "sent_id", "sid"))
COMMENT = re.compile(r"#\s*(\S+\s*=|id\s+\S+\s+\S+=)")  # `# text = …`, `# id … domain=…`
_NUMBER = re.compile(r"[1-9]\d*$")
_OTHER_NUMBER = re.compile(r"([1-9]\d*-[1-9]\d*|\d+\.[1-9]\d*)$")  # of a multiword token, of an empty node


@dataclass(frozen=True)
class Source:
    """The lines of a sentence as they stood, which of them are its steps, from 0, and the format they are in."""

    lines: tuple[str, ...]
    steps: tuple[int, ...]
    format: Columns | ConllU


@dataclass(frozen=True)
class Columns:
    """Columns between TABs, commas, semicolons or, with `separator` None, blanks; `label`, `step` and `sentence` count
    from 0, the last of which, if there is one, has something new where a sentence begins."""

    name = "conll"
    separator: str | None = "\t"
    count: int = 2
    step: int = 0
    label: int = 1
    sentence: int | None = None

    @classmethod
    def like(cls, line: str) -> Columns:
        """Columns as a line has them, the last for labels; a line of a single one is a step without."""
        separator = "\t" if "\t" in line else None
        count = max(len(line.split(separator)), 2)
        return cls(separator, count, 0, count - 1)

    def describe(self) -> str:
        by = {"\t": "TAB", ",": "commas", ";": "semicolons"}.get(self.separator or "", "blanks")
        steps = f"steps in column {self.step + 1}, " if self.step else ""
        told = f", sentences told by column {self.sentence + 1}" if self.sentence is not None else ""
        return f"columns separated by {by}, {steps}labels in column {self.label + 1} of {self.count}{told}"

    def read(self, lines: Iterable[str], path: str) -> Iterator[Sentence]:
        begun = False
        for first, block in blocks(lines, self._key, self._is_blank):
            sentence = self._sentence(first, block, path, begun)
            begun = begun or bool(sentence.steps)
            yield sentence

    def _is_blank(self, line: str) -> bool:
        """Whether a line has nothing in its columns."""
        return not line.strip() or (self.separator in MARKS and not line.strip(f"{self.separator} "))

    def split(self, line: str) -> list[str]:
        """The fields of a line."""
        return fields_of(line, self.separator)

    def _key(self, line: str) -> str:
        """What a line says of the sentence that it is of."""
        if self.sentence is None:
            return ""
        fields = self.split(line)
        return fields[self.sentence] if self.sentence < len(fields) else ""

    def _sentence(self, first: int, block: list[str], path: str, begun: bool) -> Sentence:
        """The sentence of a block; names of columns may stand before its first step unless some have `begun`."""
        steps: list[str] = []
        labels: list[str] = []
        places: list[int] = []
        for place, line in enumerate(block):
            if self._is_blank(line) or line.startswith(DOCUMENT):
                continue
            fields = self.split(line)
            if (len(fields) != self.count and line.startswith("#")) or (not steps and COMMENT.match(line)):
                continue
            if not begun and not steps and names_columns(fields):
                continue
            # the steps alone, or all but labels
            without = (1, self.count - 1) if self.label == self.count - 1 else (1,)
            if len(fields) != self.count and (len(fields) not in without or self.step >= len(fields)):
                raise DataError(
                    f"{len(fields)} columns instead of {self.count}",
                    path=path,
                    line=first + place,
                    hint="every step is one line with the same columns; a blank line ends a sentence",
                )
            if not fields[self.step].strip():
                raise DataError("the step is empty", path=path, line=first + place, column=self.step + 1)
            steps.append(fields[self.step])
            labels.append(fields[self.label].strip() if len(fields) == self.count else "")
            places.append(place)
        known = all(labels)
        if not known and any(labels):
            step = labels.index("")
            raise DataError("the label is missing", path=path, line=first + places[step], column=self.label + 1)
        numbers = [first + place for place in places]
        source = Source(tuple(block), tuple(places), self)
        return Sentence(steps, labels if known else None, first, numbers, source=source)

    def write(self, sentence: Sentence, tagging: Tagging) -> str:
        separator, source = self.separator or " ", sentence.source
        if not isinstance(source, Source) or source.format != self:
            lines = []
            for step, (label, *probability) in zip(sentence.steps, _extra(tagging), strict=True):
                step = one_word(step) if self.separator is None else one_line(step)
                pair = (step, label) if self.step < self.label else (label, step)
                lines.append(_joined((*pair, *probability), separator))
            return "".join(line + "\n" for line in lines) + "\n"
        lines = list(source.lines)
        for place, (label, *probability) in zip(source.steps, _extra(tagging), strict=True):
            fields = self.split(lines[place])
            fields[self.label : self.label + 1] = [label]
            lines[place] = _joined(fields + probability, separator)
        return "".join(line + "\n" for line in lines)


@dataclass(frozen=True)
class ConllU:
    """Universal Dependencies' ten columns (https://universaldependencies.org/format.html); `column` has the labels, as
    they are or, with a `key`, as `key=label` among others."""

    name = "conllu"
    column: str = "upos"
    key: str = ""

    @classmethod
    def holding(cls, labels: Iterable[str], *, chunks: bool) -> ConllU:
        """The format with a place for labels: universal parts of speech in UPOS, chunks in MISC, others in XPOS."""
        if chunks:
            return cls("misc", "Label")
        return cls("upos" if all(re.fullmatch(_UNIVERSAL, label) for label in labels) else "xpos")

    def describe(self) -> str:
        return f"CoNLL-U, labels from {self.column}"

    @property
    def _label(self) -> int:
        return CONLLU_COLUMNS.index(self.column)

    def read(self, lines: Iterable[str], path: str) -> Iterator[Sentence]:
        for first, block in blocks(lines):
            steps, labels, places = [], [], []
            for place, line in enumerate(block):
                if not line.strip() or line.startswith("#"):
                    continue
                fields = line.split("\t")
                problem = f"{len(fields)} columns instead of 10" if len(fields) != 10 else ""
                if not problem and _OTHER_NUMBER.match(fields[0]):
                    continue
                if not problem and not _NUMBER.match(fields[0]):
                    problem = f"{fields[0]!r} is no token number"
                if problem or not fields[1]:
                    hint = "CoNLL-U has ten columns between TABs, the first of which counts the words of a sentence"
                    raise DataError(problem or "the form is empty", path=path, line=first + place, hint=hint)
                steps.append(fields[1])
                labels.append(fields[self._label])
                places.append(place)
            known = any(label != "_" for label in labels) or self.column == "feats"
            source = Source(tuple(block), tuple(places), self)
            yield Sentence(steps, labels if known else None, first, [first + p for p in places], source=source)

    def write(self, sentence: Sentence, tagging: Tagging) -> str:
        extras, source = _extra(tagging), sentence.source
        if not isinstance(source, Source) or not isinstance(source.format, ConllU):
            text = sentence.text if sentence.text is not None else " ".join(sentence.steps)
            rows = [f"# text = {one_line(text)}"] if sentence.steps else []
            for number, (step, extra) in enumerate(zip(sentence.steps, extras, strict=True)):
                fields = [str(number + 1), one_word(step), *["_"] * 7, _misc(sentence, number)]
                rows.append(self._filled(fields, extra))
            return "".join(row + "\n" for row in rows) + "\n"
        lines = list(source.lines)
        for place, extra in zip(source.steps, extras, strict=True):
            lines[place] = self._filled(lines[place].split("\t"), extra)
        return "".join(line + "\n" for line in lines)

    def _filled(self, fields: list[str], extra: tuple[str, ...]) -> str:
        """The line of a step with its label and what else is known of it."""
        label, *probability = extra
        added = {self.key: label} if self.key else {}
        if probability:
            added["Prob"] = probability[0]
        if added:
            kept = [part for part in fields[9].split("|") if part not in ("_", "") and part.split("=")[0] not in added]
            fields[9] = "|".join([*kept, *(f"{name}={value}" for name, value in added.items())])
        if not self.key:
            fields[self._label] = label
        return "\t".join(fields)


def fields_of(line: str, separator: str | None) -> list[str]:
    """The fields of a line; between commas or semicolons, behind which a blank may stand, they may be quoted."""
    if separator not in MARKS:
        return line.split(separator)
    return next(csv_reader([line], separator, skipinitialspace=True), [""])


def _joined(fields: Iterable[str], separator: str) -> str:
    if separator not in MARKS:
        return separator.join(fields)
    csv.writer(line := io.StringIO(), delimiter=separator, lineterminator="").writerow(fields)
    return line.getvalue()


def names_columns(fields: Iterable[str]) -> bool:
    """Whether the fields of a first line are names of columns rather than a step and its label."""
    names = [field.strip().lower() for field in fields]
    return not STEPS.isdisjoint(names) and not LABELS.isdisjoint(names) and len(set(names)) == len(names)


def _misc(sentence: Sentence, number: int) -> str:
    """Whether a blank follows a word, where that is known."""
    offsets = sentence.offsets
    touches = offsets is not None and number + 1 < len(offsets) and offsets[number][1] == offsets[number + 1][0]
    return "SpaceAfter=No" if touches else "_"


def _extra(tagging: Tagging) -> list[tuple[str, ...]]:
    """Each step's label and, if it is known, its probability."""
    if tagging.probabilities is None:
        return [(label,) for label in tagging.labels]
    return [(label, f"{p:.4f}") for label, p in zip(tagging.labels, tagging.probabilities, strict=True)]


def blocks(
    lines: Iterable[str],
    key: Callable[[str], str] = lambda line: "",
    is_blank: Callable[[str], bool] = lambda line: not line.strip(),
) -> Iterator[tuple[int, list[str]]]:
    """Lines up to a blank one, which ends the block as it comes, or one with another `key` than those before, and the
    number of the first, from 1. A key that is empty is that of the line before."""
    block: list[str] = []
    before = ""
    for number, line in enumerate(lines, 1):
        new = key(line) or before
        if block and new != before:
            yield number - len(block), block
            block = []
        before = new
        block.append(line)
        if is_blank(line):
            yield number + 1 - len(block), block
            block = []
    if block:
        yield number + 1 - len(block), block
