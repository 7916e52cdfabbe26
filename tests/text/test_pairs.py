"""Reading pairs: every form they come in, what is wrong with them, what is taken for granted."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zipfile
from pathlib import Path

import pytest

from seqcli.errors import DataError, UsageError
from seqcli.requests import TableRequest
from seqcli.text.pair_rows import Columns, Direction, Pair
from seqcli.text.pairs import open_pairs, read_pairs, rows_of, usable


def write(path: Path, text: str) -> str:
    path.write_bytes(text.encode())
    return str(path)


def test_one_tsv_and_two_files_and_gzip_are_the_same(tmp_path: Path) -> None:
    expected = [Pair(1, "a\u2028b", "x"), Pair(2, "c", "y")]
    tsv = write(tmp_path / "p.tsv", "a\u2028b\tx\r\nc\t y \n")
    source, target = write(tmp_path / "s", "a\u2028b\nc"), write(tmp_path / "t", "x\ny\n")
    packed = tmp_path / "p.tsv.gz"
    packed.write_bytes(gzip.compress(Path(tsv).read_bytes()))
    for paths in ([tsv], [source, target], [str(packed)]):
        assert list(read_pairs(paths)) == expected


def test_bad_lines_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tsv", "a\tx\nb\n\t\nc\ty\tz\nd\t\n\te\n")
    with pytest.raises(DataError) as problem:
        list(read_pairs([path]))
    for part in (
        "5 of 6",
        "line 2: no TAB",
        "line 3: both",
        "line 4: 3 columns",
        "line 5: the target",
        "line 6: the source",
    ):
        assert part in problem.value.message
    assert problem.value.hint is not None
    assert "--skip-bad" in problem.value.hint
    notes: list[str] = []
    assert list(read_pairs([path], TableRequest(skip_bad=True), notes.append)) == [Pair(1, "a", "x")]
    assert "left out 5 of 6" in notes[0]


def test_files_of_different_lengths_are_refused(tmp_path: Path) -> None:
    source, target = write(tmp_path / "s", "a\nb\nc\n"), write(tmp_path / "t", "x\ny\n")
    for paths, short in (([source, target], target), ([target, source], target)):
        with pytest.raises(DataError, match="ends before line 3") as problem:
            list(read_pairs(paths, TableRequest(skip_bad=True)))
        assert problem.value.message.startswith(short)


PAIRS = [("a cat", "un chat"), ("a dog", "un chien"), ("the end", "la fin")]
TMX = """<?xml version="1.0"?>
<tmx version="1.4"><header srclang="en"/><body>
<tu><tuv xml:lang="fr"><seg>un <b>chat</b></seg></tuv><tuv xml:lang="en-GB"><seg>a cat</seg></tuv></tu>
<tu><tuv xml:lang="fr"><seg>un chien</seg></tuv><tuv xml:lang="en"><seg>a &lt;dog&gt;</seg></tuv></tu>
</body></tmx>
"""


def pairs_of(*paths: str, columns: str | None = None, notes: list[str] | None = None) -> list[tuple[str, str]]:
    heard: list[str] = [] if notes is None else notes
    return [(p.source, p.target) for p in read_pairs(paths, TableRequest(columns=columns), heard.append)]


FORMS = {
    "plain.tsv": "".join(f"{s}\t{t}\n" for s, t in PAIRS),
    "blank_lines.tsv": "\n".join(f"{s}\t{t}\n" for s, t in PAIRS),
    "attribution.txt": "".join(
        f"{s}\t{t}\tCC-BY 2.0 (France) Attribution: tatoeba.org #{n} (x) & #7 (y)\n" for n, (s, t) in enumerate(PAIRS)
    ),
    "trailing.tsv": "".join(f"{s}\t{t}\t\n" for s, t in PAIRS),
    "numbered.tsv": "".join(f"{n}\t{s}\t{n + 100}\t{t}\n" for n, (s, t) in enumerate(PAIRS)),
    "header.tsv": "source\ttarget\n" + "".join(f"{s}\t{t}\n" for s, t in PAIRS),
    "quoted.tsv": "".join(f'"{s}"\t"{t}"\n' for s, t in PAIRS),
    "comma.csv": "english,french\n" + "".join(f'"{s}",{t}\n' for s, t in PAIRS),
    "semicolon.csv": "en;fr;score\n" + "".join(f"{s};{t};0.{n}\n" for n, (s, t) in enumerate(PAIRS)),
    "bars.txt": "".join(f"{s} ||| {t}\n" for s, t in PAIRS),
    "nested.jsonl": "".join(json.dumps({"translation": {"en": s, "fr": t}}) + "\n" for s, t in PAIRS),
    "named.jsonl": "".join(json.dumps({"id": 1, "target": t, "source": s, "by": "x"}) + "\n" for s, t in PAIRS),
    "list.json": json.dumps([{"en": s, "fr": t} for s, t in PAIRS], indent=1),
}


def test_quotes_in_tsv_are_those_of_its_writer(tmp_path: Path) -> None:
    text, exported = 'He said "go".\tEr ging.\n"Go!"\tGeh\n', '"He said ""go""."\tEr ging.\n"""Go!"""\tGeh\n'
    pairs = [('He said "go".', "Er ging."), ('"Go!"', "Geh")]
    for form in (text, exported):
        assert pairs_of(write(tmp_path / "a.tsv", form)) == pairs


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_pairs(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, FORMS[name])
    assert pairs_of(path) == PAIRS


def test_packed_files(tmp_path: Path) -> None:
    text = FORMS["plain.tsv"].encode()
    (tmp_path / "p.tsv.bz2").write_bytes(bz2.compress(text))
    (tmp_path / "p.tsv.xz").write_bytes(lzma.compress(text))
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("p.tsv", text)
    for name in ("p.tsv.bz2", "p.tsv.xz", "p.zip"):
        assert pairs_of(str(tmp_path / name)) == PAIRS


def test_a_translation_memory(tmp_path: Path) -> None:
    path, notes = write(tmp_path / "m.tmx", TMX), list[str]()
    assert pairs_of(path, notes=notes) == [("a cat", "un chat"), ("a <dog>", "un chien")]
    assert pairs_of(path, columns="fr,en")[1] == ("un chien", "a <dog>")
    with pytest.raises(DataError, match="not whole XML"):
        pairs_of(write(tmp_path / "half.tmx", TMX[:200]))


def test_columns_are_chosen_by_number_and_by_name(tmp_path: Path) -> None:
    text = "lemma\tform\tfeatures\nwalk\twalked\tPAST\nsing\tsang\tPAST\n"
    path = write(tmp_path / "inflection.tsv", text)
    with pytest.raises(DataError, match="3 columns") as problem:
        pairs_of(path)
    assert problem.value.hint is not None
    assert "--columns" in problem.value.hint
    assert pairs_of(path, columns="features+lemma,form") == [("PAST walk", "walked"), ("PAST sing", "sang")]
    headless = write(tmp_path / "headless.tsv", text.partition("\n")[2])
    assert pairs_of(headless, columns="3+1,2") == [("PAST walk", "walked"), ("PAST sing", "sang")]
    with pytest.raises(DataError, match="no column 'x'"):
        pairs_of(path, columns="x,form")
    for wrong in ("1", "1,2,3", ",1"):
        with pytest.raises(UsageError, match="--columns"):
            Columns.parse(wrong)


def test_what_is_taken_for_granted_is_said(tmp_path: Path) -> None:
    for name, said in (
        ("header.tsv", "header"),
        ("attribution.txt", "columns 1 and 2 of 3"),
        ("list.json", "en to fr"),
    ):
        notes: list[str] = []
        pairs_of(write(tmp_path / name, FORMS[name]), notes=notes)
        assert any(said in note for note in notes), notes


def test_several_files_of_pairs_are_read_one_after_the_other(tmp_path: Path) -> None:
    first, second = write(tmp_path / "1.tsv", "a\tx\n"), write(tmp_path / "2.tsv", "b\ty\n")
    assert pairs_of(first, second) == [("a", "x"), ("b", "y")]
    column = write(tmp_path / "column", "b\nc\n")
    for paths in ([first, column], [column, first, second], [column] * 3):
        with pytest.raises(DataError, match="column"):
            pairs_of(*paths)


def test_a_column_of_numbers_is_text_when_there_are_two(tmp_path: Path) -> None:
    path = write(tmp_path / "sums.tsv", "1+1\t2\n12+3\t15\n")
    assert pairs_of(path) == [("1+1", "2"), ("12+3", "15")]


HEADERS = (
    "en_US\tde_DE",
    "sentence_en\tsentence_de",
    "English sentence\tGerman sentence",
    "src_text\ttgt_text",
    "eng\tdeu",
    "#source\t#target",
    "Deutsch\tEnglisch",
    "word\tpronunciation",
    "English words/sentences\tGerman words/sentences",
)


@pytest.mark.parametrize("header", HEADERS)
def test_names_of_columns_are_no_pair(tmp_path: Path, header: str) -> None:
    notes: list[str] = []
    path = write(tmp_path / "p.tsv", f"{header}\na dog\tein Hund\nthe source\tdie Quelle\n")
    assert [pair.line for pair in read_pairs([path], notice=notes.append)] == [2, 3]
    assert "line 1 is taken for a header" in notes[0]
    path = write(tmp_path / "p.tsv", "text here\tText hier\na dog\tein Hund\n")  # not both are names
    assert len(list(read_pairs([path]))) == 2


def test_names_above_figures_are_no_pair(tmp_path: Path) -> None:
    rows = [(f"May {n}, 2001", f"2001-05-0{n}") for n in range(1, 8)]
    lines = "".join(f"{human}\t{machine}\n" for human, machine in rows)
    assert pairs_of(write(tmp_path / "a.tsv", "human\tmachine\n" + lines)) == rows
    assert len(pairs_of(write(tmp_path / "b.tsv", "May 8, 2001\tunknown\n" + lines))) == 8
    sounds = "m\tM\n" + "a\tAA1\n" * 7  # digits, but no numbers
    assert len(pairs_of(write(tmp_path / "c.tsv", sounds))) == 8


def test_commas_without_quotes_are_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "en,de\n" + "a cat, big,eine Katze, groß\n" * 5)
    with pytest.raises(DataError, match="line 2: 4 columns instead of 2") as refused:
        pairs_of(path)
    assert "quotes" in refused.value.hint


def test_a_column_may_be_mostly_empty(tmp_path: Path) -> None:
    rows = "".join(f"{s}\t{t}\t{'rare' if s == 'a cat' else ''}\n" for s, t in PAIRS)
    assert pairs_of(write(tmp_path / "a.tsv", rows)) == PAIRS
    with pytest.raises(DataError, match="3 columns instead of 2"):
        pairs_of(write(tmp_path / "b.tsv", "".join(f"{line.rstrip()}\n" for line in rows.splitlines())))


def test_columns_are_those_of_csv_whatever_the_file_is_called(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "".join(f"{s},{t}\n" for s, t in PAIRS))
    assert pairs_of(path, columns="1,2") == PAIRS
    with pytest.raises(DataError, match="one column") as refused:
        pairs_of(path)
    assert "--columns 1,2 reads CSV" in refused.value.hint


def test_numbers_in_json_are_sides_where_they_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"sum": "1+1", "result": 2}\n{"sum": "0.5+1", "result": 1.5}\n')
    assert pairs_of(path, columns="sum,result") == [("1+1", "2"), ("0.5+1", "1.5")]
    with pytest.raises(DataError, match="has the texts sum, result"):
        pairs_of(path)


def test_the_first_record_may_lack_a_side(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"en": "a dog", "de": null}\n{"en": "a cat", "de": "eine Katze"}\n')
    with pytest.raises(DataError, match="line 1: has no text 'de'"):
        pairs_of(path)
    assert len(list(read_pairs([path], TableRequest(skip_bad=True)))) == 1


def test_columns_are_found_by_their_languages(tmp_path: Path) -> None:
    rows = "".join(f"{n}\ttrain\t{s}\t{t}\tbook\n" for n, (s, t) in enumerate(PAIRS))
    notes: list[str] = []
    path = write(tmp_path / "a.tsv", "id\tsplit\tEnglish\tFrench\tfrom\n" + rows)
    assert pairs_of(path, notes=notes) == PAIRS
    assert "columns 3 and 4 of 5 are taken for source and target" in notes[0]
    with pytest.raises(DataError, match="5 columns"):  # languages of rows, not of columns
        pairs_of(write(tmp_path / "b.tsv", "".join(f"eng\t{s}\tfra\t{t}\tx y\n" for s, t in PAIRS)))
    with pytest.raises(DataError, match="3 columns") as refused:
        pairs_of(write(tmp_path / "c.tsv", "walk\twalked\tV;PST\n" * 5))
    assert "--columns 1,2; with 1+3,2" in refused.value.hint


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lists.jsonl", '["a dog", "ein Hund"]\n["a cat", "eine Katze"]\n'),
        ("lists.json", '[["a dog", "ein Hund"],\n["a cat", "eine Katze"]]\n'),
        ("wrapped.json", '{"data": [{"en": "a dog", "de": "ein Hund"}, {"en": "a cat", "de": "eine Katze"}]}'),
        ("wrapped.json", '{\n"pairs": [["a dog", "ein Hund"], ["a cat", "eine Katze"]]\n}\n'),
        (
            "more.jsonl",
            '{"id": "1", "en": "a dog", "de": "ein Hund", "url": "x"}\n{"en": "a cat", "de": "eine Katze"}\n',
        ),
        ("excel.csv", 'sep=;\n"a dog";"ein Hund"\n"a cat";"eine Katze"\n'),
    ],
)
def test_other_shapes_of_the_same_pairs(tmp_path: Path, name: str, text: str) -> None:
    found = list(read_pairs([write(tmp_path / name, text)]))
    assert [(pair.source, pair.target) for pair in found] == [("a dog", "ein Hund"), ("a cat", "eine Katze")]


def test_what_holds_no_pairs_is_named(tmp_path: Path) -> None:
    for name, text, message in (
        ("one.txt", "a dog\na cat\n", "has one column"),
        ("a.xlf", '<?xml version="1.0"?>\n<xliff><file/></xliff>\n', "without the units of a translation memory"),
        ("chat.jsonl", '{"messages": [{"role": "user", "content": "x"}]}\n' * 2, "has no texts"),
        ("map.json", json.dumps({f"word {n}": f"Wort {n}" for n in range(50)}), "and 42 more"),
    ):
        with pytest.raises(DataError, match=message) as problem:
            list(read_pairs([write(tmp_path / name, text)]))
        assert problem.value.hint


def test_records_are_numbered_by_the_lines_they_stand_on(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '\n\n{"en": "a dog", "de": "ein Hund"}\nnull\n{"en": 5}\n')
    with pytest.raises(DataError) as problem:
        list(read_pairs([path]))
    assert "2 of 3 pairs" in problem.value.message
    assert "line 4: is no JSON object; line 5: has no text 'de'" in problem.value.message
    assert [pair.line for pair in read_pairs([path], TableRequest(skip_bad=True))] == [3]
    first = write(tmp_path / "b.jsonl", 'null\n{"en": "a dog", "de": "ein Hund"}\n')
    with pytest.raises(DataError, match="line 1: is no JSON object"):
        list(read_pairs([first]))


def test_a_record_that_is_no_pair_is_no_blank_line(tmp_path: Path) -> None:
    """`score` gives each line a row: one that cannot be read is an error, not a row without tokens."""
    lines = ['{"en": "a dog", "de": "ein Hund"}', "", "not JSON"]
    file = open_pairs("a.jsonl", lines, None)
    good, blank, bad = rows_of(file)
    assert usable(file, good, False) == ("a dog", "ein Hund")
    assert usable(file, blank, False) == ("", "")
    with pytest.raises(DataError, match="line 3: is not source TAB target: is not JSON"):
        usable(file, bad, False)
    assert usable(file, bad, True) == ("", "")


def test_columns_of_lists_in_json_are_those_that_are_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '["a dog", "ein Hund", "PLURAL"]\n["a cat", "eine Katze", "PAST"]\n')
    assert pairs_of(path, columns="3+2,1") == [("PLURAL ein Hund", "a dog"), ("PAST eine Katze", "a cat")]
    with pytest.raises(DataError, match="has no text '4'"):
        pairs_of(path, columns="4,1")


def test_a_number_that_is_no_place_is_no_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column '²'"):
        pairs_of(write(tmp_path / "a.tsv", FORMS["plain.tsv"]), columns="²,1")


def test_what_columns_do_not_choose_is_said(tmp_path: Path) -> None:
    source, target, notes = write(tmp_path / "s", "a, b\nc\n"), write(tmp_path / "t", "x, y\nz\n"), list[str]()
    assert pairs_of(source, target, columns="1,2", notes=notes) == [("a, b", "x, y"), ("c", "z")]
    assert "taken for source and target, line by line: --columns is for tables" in notes[0]


def test_several_languages_of_a_translation_memory_make_a_side(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tmx", TMX)
    assert pairs_of(path, columns="fr+en,en")[1] == ("un chien a <dog>", "a <dog>")
    with pytest.raises(DataError, match="lacks de"):
        pairs_of(path, columns="fr+de,en")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_marks_within_quotes_separate_nothing(tmp_path: Path, mark: str) -> None:
    others = " and ".join(other for other in ",;|" * 2 if other != mark)
    pair = (f"a dog {others}", f"ein Hund {others}")
    text = mark.join(f'"{side}"' for side in pair) + "\n"
    assert pairs_of(write(tmp_path / "a.csv", text)) == [pair]


def test_text_has_commas_rather_than_tabs(tmp_path: Path) -> None:
    assert pairs_of(write(tmp_path / "a.csv", "one, two\teins und zwei\n")) == [("one, two", "eins und zwei")]


ROWS = "".join(
    f"{n} dogs bark,{n} Hunde bellen\n"
    for n in ["ten", "six", "two", "one", "all", "few", "the", "our", "your", "his", "her"]
)


@pytest.mark.parametrize(
    ("text", "count", "said"),
    [
        ("card,back\n" + ROWS, 11, "line 1 is taken for a header (card, back)"),
        ("walk,gehen\n" + "run fast,rennen\n" * 9, 10, "line 1 is taken for a pair (walk, gehen)"),
        (",old word,new word\n" + "".join(f"{n},oxe,ox\n" for n in range(9)), 9, "taken for a header (old word"),
        ("headword,meaning\n" + "ox,an animal\n" * 12, 12, "taken for a header (headword, meaning)"),
        ("informal speech,formal speech\n" + "Hi!,Hello.\n" * 12, 12, "taken for a header (informal speech"),
        ("cat,K AE1 T\n" + "a,AH0\n" * 12, 13, ""),
    ],
)
def test_a_first_row_is_a_pair_or_names(tmp_path: Path, text: str, count: int, said: str) -> None:
    notes: list[str] = []
    assert len(pairs_of(write(tmp_path / "p.csv", text), notes=notes)) == count
    assert said in " ".join(notes)
    if said:  # the names choose the columns, too
        first = text.partition("\n")[0].lstrip(",")
        assert len(pairs_of(str(tmp_path / "p.csv"), columns=first)) == text.count("\n") - 1


def test_a_word_with_its_single_sound_is_no_header(tmp_path: Path) -> None:
    rows = [("a", "ə"), *[(f"word{n}", "w ɜː d") for n in range(12)]]
    assert pairs_of(write(tmp_path / "p.tsv", "".join(f"{s}\t{t}\n" for s, t in rows))) == rows


@pytest.mark.parametrize(
    ("row", "pair"),
    [
        ("So, look, a dog;Ein Hund, ja\n", ("So, look, a dog", "Ein Hund, ja")),
        ("1,5;anderthalb\n", ("1,5", "anderthalb")),
        ('"a dog, so", "ein Hund, ja"\n', ("a dog, so", "ein Hund, ja")),
        ("a dog, ein Hund\n", ("a dog", "ein Hund")),
    ],
)
def test_commas_of_sentences_and_numbers_separate_nothing(tmp_path: Path, row: str, pair: tuple[str, str]) -> None:
    assert pairs_of(write(tmp_path / "p.csv", row * 5)) == [pair] * 5


def test_settings_above_cards_are_no_rows(tmp_path: Path) -> None:
    text = "#separator:tab\n#html:true\n#tags column:3\n" + "".join(f"{s}\t{t}\t\n" for s, t in PAIRS)
    assert pairs_of(write(tmp_path / "cards.txt", text)) == PAIRS


def test_files_that_go_in_different_directions_are_refused(tmp_path: Path) -> None:
    there = write(tmp_path / "1.csv", "en,fr\n" + "".join(f"{s},{t}\n" for s, t in PAIRS))
    for name, text in (
        ("2.csv", "fr,en\n" + "".join(f"{t},{s}\n" for s, t in PAIRS)),
        ("2.jsonl", "".join(json.dumps({"fr": t, "en": s}) + "\n" for s, t in PAIRS)),
    ):
        back = write(tmp_path / name, text)
        with pytest.raises(DataError, match=r"goes from fr to en, .*1\.csv from en to fr") as refused:
            pairs_of(there, back)
        assert "--columns en,fr" in (refused.value.hint or "")
        assert pairs_of(there, back, columns="en,fr") == PAIRS * 2
        direction = Direction()
        list(read_pairs([there], direction=direction))
        with pytest.raises(DataError, match="goes from fr to en"):
            list(read_pairs([back], direction=direction))


def test_records_whose_source_could_be_two_fields_are_asked_about(tmp_path: Path) -> None:
    records = [{"instruction": "Translate.", "input": s, "output": t} for s, t in PAIRS]
    path = write(tmp_path / "a.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    with pytest.raises(DataError, match="has the texts instruction, input, output"):
        pairs_of(path)
    assert pairs_of(path, columns="instruction+input,output")[0] == ("Translate. a cat", "un chat")


def test_subtitles_of_two_languages_are_no_lines_that_go_together(tmp_path: Path) -> None:
    paths = [
        write(
            tmp_path / f"{side}.srt", "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{side}\n\n" for n in range(9))
        )
        for side in ("Hello.", "Bonjour.")
    ]
    with pytest.raises(DataError, match="subtitles"):
        list(read_pairs(paths, TableRequest(skip_bad=True)))


def test_quotes_behind_backslashes_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", '"a dog","ein Hund"\n' + r'"he said \"no\", then","er sagte \"nein\""' + "\n")
    with pytest.raises(DataError, match="line 2: has a quote behind a backslash") as refused:
        pairs_of(path)
    assert "sed" in (refused.value.hint or "")
    folder = write(tmp_path / "q.csv", r'"C:\","the ""drive"""' + "\n" + r'"K\""oln",a \"o' + "\n")
    assert pairs_of(folder) == [("C:\\", 'the "drive"'), ('K\\"oln', 'a \\"o')]
