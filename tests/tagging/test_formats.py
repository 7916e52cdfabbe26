"""Reading and writing labelled text: every format found, read, written back, and refused by line where it is broken."""

from __future__ import annotations

import json

import pytest

from seqcli.errors import DataError, UsageError
from seqcli.requests import TextRequest
from seqcli.tagging.data import read_labelled
from seqcli.tagging.formats.columns import Columns, ConllU
from seqcli.tagging.formats.detect import detect, format_from_json, format_to_json, given_format, is_record
from seqcli.tagging.formats.lines import Inline, RawText, Segmented
from seqcli.tagging.formats.records import Records
from seqcli.tagging.formats.sentence import Sentence, Tagging
from seqcli.tagging.labels import LabelSet
from seqcli.tagging.options import TrainRequest
from seqcli.tagging.schemes import SCHEMES
from seqcli.tagging.words import WordRule

CONLL2003 = ["-DOCSTART- -X- O O", "", "EU NNP I-NP I-ORG", "rejects VBZ I-VP O", "", "Peter NNP I-NP I-PER"]
CONLLU = [
    "# sent_id = 1",
    "# text = Vámonos al mar",
    "1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_",
    "1\tVamos\tir\tVERB\tv\tMood=Imp\t0\troot\t_\t_",
    "2\tnos\tnosotros\tPRON\tp\t_\t1\tobj\t_\t_",
    "2.1\tx\tx\tVERB\tv\t_\t_\t_\t_\t_",
    "3\tmar\tmar\tNOUN\tn\t_\t1\tobl\t_\tSpaceAfter=No",
    "",
]
INLINE = ["the/DT dog/NN runs/VBZ", "1/2/CD of/IN it/PRP", ""]
SEGMENTED = ["迈向 充满 希望 的 新 世纪", "新年 讲话", "北京 欢迎 你 们"]
SPANS = ['{"text": "Ann met Bo Li.", "spans": [[0, 3, "PER"], {"start": 8, "end": 13, "label": "PER"}], "id": 7}']
TOKENS = ['{"tokens": ["Ann", "ran"], "tags": ["PER", "O"]}']
CASES = {
    "conll": (CONLL2003, Columns(None, 4, 0, 3)),
    "conllu": (CONLLU, ConllU("upos")),
    "inline": (INLINE, Inline("/")),
    "underscore": (["the_DT dog_NN", "it_PRP runs_VBZ"], Inline("_")),
    "segmented": (SEGMENTED, Segmented()),
    "spans": (SPANS, Records("spans", True)),
    "tokens": (TOKENS, Records("tags", False)),
    "two blanks": (["高 B-NAME", "勇 E-NAME", "", "男 O"], Columns(None, 2, 0, 1)),
    "tabs": (["New York\tB-LOC", "is\tO", "", "big\tO"], Columns("\t", 2, 0, 1)),
}


def read(format, lines):
    return list(format.read(lines, "file"))


def same_labels(sentence: Sentence) -> Tagging:
    """The labels that a sentence has, as a prediction of them."""
    from seqcli.tagging.schemes import BIOES

    chunks = BIOES.chunks(sentence.labels)[0] if sentence.labels else []
    return Tagging(sentence.labels or [], chunks)


@pytest.mark.parametrize("case", CASES)
def test_formats_are_found(case):
    lines, expected = CASES[case]
    assert detect(lines, "file") == expected
    assert format_from_json(format_to_json(expected), WordRule()) == expected


@pytest.mark.parametrize("case", [case for case in CASES if case != "spans"])
def test_what_is_read_is_written_as_it_was(case):
    lines, format = CASES[case]
    written = "".join(format.write(sentence, same_labels(sentence)) for sentence in read(format, lines))
    assert written == "".join(line + "\n" for line in lines)


def test_columns_give_steps_labels_and_lines():
    sentences = [s for s in read(CASES["conll"][1], CONLL2003) if s.steps]
    assert [(s.steps, s.labels, s.line_of(0)) for s in sentences] == [
        (["EU", "rejects"], ["I-ORG", "O"], 3),
        (["Peter"], ["I-PER"], 6),
    ]


def test_another_column_can_be_named():
    assert detect(CONLL2003, "file", column="3") == Columns(None, 4, 0, 2)
    assert detect(CONLLU, "file", column="xpos") == ConllU("xpos")
    assert detect(CONLLU, "file", column="8") == ConllU("deprel")
    for lines, column in ((CONLL2003, "5"), (CONLL2003, "1"), (CONLLU, "form"), (INLINE, "2")):
        with pytest.raises(UsageError):
            detect(lines, "file", column=column)


def test_a_first_line_that_names_columns_is_no_step():
    lines = ["id\tword\tpos\tner\tdoc", "1\tAnn\tNNP\tB-PER\t7", "2\tran\tVBD\tO\t7", ""]
    format = detect(lines, "file")
    assert format == Columns("\t", 5, 1, 3)
    assert detect(lines, "file", column="pos") == Columns("\t", 5, 1, 2)
    (sentence,) = read(format, lines)
    assert (sentence.steps, sentence.labels) == (["Ann", "ran"], ["B-PER", "O"])
    assert format.write(sentence, same_labels(sentence)) == "\n".join(lines) + "\n"
    assert given_format(lines[0], format, LabelSet(("O", "S-PER"))) == format


def test_a_table_with_commas_and_a_column_that_tells_the_sentences():
    lines = ["Sentence #,Word,POS,Tag", "Sentence: 1,Ann,NNP,B-PER", ',",",",",O', "Sentence: 2,Bo,NNP,B-PER"]
    format = detect(lines, "file")
    assert format == Columns(",", 4, 1, 3, 0)
    assert format_from_json(format_to_json(format), None) == format
    sentences = [sentence for sentence in read(format, lines) if sentence.steps]
    assert [(s.steps, s.labels, s.line_of(0)) for s in sentences] == [
        (["Ann", ","], ["B-PER", "O"], 2),
        (["Bo"], ["B-PER"], 4),
    ]
    written = "".join(format.write(sentence, same_labels(sentence)) for sentence in read(format, lines))
    assert written == "\n".join(lines) + "\n"
    assert detect(["Ann,B-PER", "ran,O", "", "Bo,B-PER"], "file") == Columns(",", 2, 0, 1)
    with pytest.raises(DataError):
        detect(["She ran, and fell", "He fell, and ran too"], "file")


def test_a_table_with_semicolons():
    lines = ["token;label", "Ann;B-PER", '";";O', ";", "Bo;B-PER"]
    format = detect(lines, "file")
    assert format == Columns(";", 2, 0, 1)
    assert format_from_json(format_to_json(format), None) == format
    sentences = read(format, lines)
    assert [s.steps for s in sentences] == [["Ann", ";"], ["Bo"]]
    assert "".join(format.write(s, same_labels(s)) for s in sentences) == "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("lines", "column", "expected"),
    [
        (["Ann\tB-PER\t0.98", "ran\tO\t.5"], None, Columns("\t", 3, 0, 1)),
        (["Ann\tB-PER\t", "ran\tO\t"], None, Columns("\t", 3, 0, 1)),
        (["1\tAnn\tB-PER\t-\t-", "2\tran\tO\t-\t-"], None, Columns("\t", 5, 1, 2)),
        (["B-PER\tAnn", "O\tran"], None, Columns("\t", 2, 1, 0)),
        (["B-PER\tAnn", "O\tran"], "2", Columns("\t", 2, 0, 1)),
        (["NNP\tAnn", "VBD\tran"], "1", Columns("\t", 2, 1, 0)),
        ([f"{'NV'[n % 2]}\tw{n}" for n in range(40)], None, Columns("\t", 2, 1, 0)),
        ([f"{'ACGT'[n % 4]}\t{n % 9}" for n in range(40)], None, Columns("\t", 2, 0, 1)),
        (["1 Ann B-PER 0.9", "2 ran O 0.8"], None, Columns(None, 4, 1, 2)),
        (["Ann\tNNP\tAnn", "ran\tVBD\trun"], None, Columns("\t", 3, 0, 1)),  # lemmas
        (["Ann\tann", "ran\trun"], None, Columns("\t", 2, 0, 1)),
    ],
)
def test_labels_are_neither_numbers_with_a_point_nor_empty_nor_always_last(lines, column, expected):
    format = detect(lines, "file", column=column)
    assert format == expected
    (sentence,) = read(format, lines)
    assert format.write(sentence, same_labels(sentence)) == "\n".join(lines) + "\n"


def test_a_mark_between_words_stands_before_no_tag():
    with pytest.raises(DataError, match="cannot tell"):
        detect(["ฉัน|ชอบ|กิน|ข้าว", "เขา|ชอบ|ไป|ตลาด"], "file")


def test_a_column_that_numbers_the_steps_is_not_the_steps():
    lines = ["# text = Ann ran", "1\tAnn\t_\tN", "2\tran\t_\tV", "", "#\tsource\t7", "1\tBo\t_\tN"]
    assert detect(lines, "file") == Columns("\t", 4, 1, 3)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["1 Ann ann PROPN NNP _ 0 root _ _", "2 ran run VERB VBD _ 1 dep _ _"], "TABs"),
        (['[{"text": "Ann", "spans": [[0, 3, "PER"]]}]'], "one object a line"),
        (['[["Ann", {"entities": [[0, 3, "PER"]]}], ["ran", {"entities": []}]]'], "jq"),
        (["[", ' {"text": "Ann", "spans": []}', "]"], "one object a line"),
    ],
)
def test_what_is_nearly_a_format_is_refused_with_what_is_missing(lines, said):
    with pytest.raises(DataError) as raised:
        list(detect(lines, "file").read(lines, "file"))
    assert said in f"{raised.value} {raised.value.hint}"


def test_conllu_changes_the_labels_of_words_only():
    (sentence,) = read(ConllU("upos"), CONLLU)
    assert (sentence.steps, sentence.labels) == (["Vamos", "nos", "mar"], ["VERB", "PRON", "NOUN"])
    written = ConllU("upos").write(sentence, Tagging(["A", "B", "C"], None, [0.5, 0.25, 1.0])).split("\n")
    assert written[2] == CONLLU[2]
    assert written[5] == CONLLU[5]
    assert written[3].split("\t")[3] == "A"
    assert written[6].split("\t")[9] == "SpaceAfter=No|Prob=1.0000"


@pytest.mark.parametrize(
    ("names", "chunks", "expected"),
    [
        (["NOUN", "VERB"], False, ConllU("upos")),
        (["NN", "VBZ"], False, ConllU("xpos")),
        (["B-LOC", "I-LOC", "O"], True, ConllU("misc", "Label")),
    ],
)
def test_labels_stand_in_the_column_of_conllu_that_is_theirs(names, chunks, expected):
    assert ConllU.holding(names, chunks=chunks) == expected


def test_conllu_of_raw_text_says_where_no_blank_follows():
    rule = WordRule()
    (sentence,) = RawText(rule).read(["It works."], "file")
    written = ConllU("upos").write(sentence, Tagging(["PRON", "VERB", "PUNCT"]))
    assert written.split("\n")[:3] == [
        "# text = It works.",
        "1\tIt\t_\tPRON\t_\t_\t_\t_\t_\t_",
        "2\tworks\t_\tVERB\t_\t_\t_\t_\t_\tSpaceAfter=No",
    ]


def test_labels_are_appended_where_a_line_has_none():
    format = Columns("\t", 3, 0, 2)
    (sentence,) = read(format, ["dog\tNN", ""])
    assert sentence.labels is None
    assert format.write(sentence, Tagging(["X"], None, [0.5])) == "dog\tNN\tX\t0.5000\n\n"
    (bare,) = read(format, ["dog"])
    assert format.write(bare, Tagging(["X"])) == "dog\tX\n"


def test_segmented_text_becomes_chunks_of_characters_and_back():
    (sentence,) = read(Segmented(), ["迈向 新 世纪"])
    assert "".join(sentence.steps) == "迈向新世纪"
    assert sentence.labels == ["B", "E", "S", "B", "E"]
    (raw,) = read(RawText(None), ["迈向 新世纪"])
    assert raw.steps == "迈向新世纪"
    # the blank that was in the text ends a word whatever the chunks say
    assert Segmented().write(raw, Tagging("BIESS", [(0, 3, ""), (3, 5, "")])) == "迈向 新 世纪\n"


def test_words_with_tags_can_be_chunks_of_characters():
    format = detect(["迈向/v 世纪/n"], "file", characters=True)
    assert format == Inline("/", True)
    (sentence,) = read(format, ["迈向/v 世纪/n"])
    assert sentence.labels == ["B-v", "E-v", "B-n", "E-n"]
    assert format.write(sentence, same_labels(sentence)) == "迈向/v 世纪/n\n"


def test_spans_become_chunks_of_words_and_back():
    format = Records("spans", True)
    (sentence,) = read(format, SPANS)
    assert list(sentence.steps) == ["Ann", "met", "Bo", "Li", "."]
    assert sentence.labels == ["S-PER", "O", "B-PER", "E-PER", "O"]
    written = json.loads(format.write(sentence, same_labels(sentence)))
    assert written["id"] == 7
    assert written["spans"] == [
        {"start": 0, "end": 3, "label": "PER", "text": "Ann"},
        {"start": 8, "end": 13, "label": "PER", "text": "Bo Li"},
    ]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('["Ann ran", {"entities": [[0, 3, "PER"]]}]', "entities"),  # spaCy
        (
            '{"text": "Ann ran", "entities": [{"id": 1, "label": "PER", "start_offset": 0, "end_offset": 3}]}',
            "entities",
        ),
        ('{"text": "Ann ran", "label": [{"start": 0, "end": 3, "text": "Ann", "labels": ["PER"]}]}', "label"),
    ],
)
def test_spans_are_read_as_the_tools_of_annotators_write_them(line, key):
    format = detect([line], "file")
    assert (format.name, format.label) == ("ndjson", key)
    (sentence,) = read(format, [line])
    assert (list(sentence.steps), sentence.labels) == (["Ann", "ran"], ["S-PER", "O"])
    (again,) = read(format, [format.write(sentence, same_labels(sentence))])
    assert again.labels == sentence.labels
    assert is_record(line)


def test_text_under_any_key_tells_whether_steps_are_characters():
    assert detect(['{"sentence": "他来自北京", "label": [[3, 5, "LOC"]]}'], "file") == Records("label", True, None)


def test_a_span_inside_a_word_cuts_it():
    (sentence,) = read(Records("spans", True), ['{"text": "pre-Obama era", "spans": [[4, 9, "PER"]]}', ""][:1])
    assert list(zip(sentence.steps, sentence.labels, strict=True))[2] == ("Obama", "S-PER")
    (sentence,) = read(Records("spans", True), ['{"text": "unhappy", "spans": [[0, 2, "NEG"]]}'])
    assert list(sentence.steps) == ["un", "happy"]


@pytest.mark.parametrize(
    ("format", "lines", "line", "part"),
    [
        (Columns(None, 2), ["a X", "", "b Y", "c"], 4, "the label is missing"),
        (Columns(None, 4, 0, 3), ["a X Y Z", "b X"], 2, "2 columns instead of 4"),
        (Columns(None, 3, 0, 2), ["a X Y", "b"], 2, "the label is missing"),
        (Columns("\t", 2), ["a\tX", "b\tY\tZ"], 2, "3 columns instead of 2"),
        (Columns("\t", 2), ["\tX"], 1, "the step is empty"),
        (ConllU(), ["1\tword"], 1, "2 columns instead of 10"),
        (ConllU(), ["x\t" + "\t".join("_" * 9)], 1, "no token number"),
        (Inline("/"), ["a/X b/Y", "c"], 2, "'c' has no tag"),
        (Inline("/"), ["/X"], 1, "has no tag"),
        (Records(), ["{}", "[1]"], 1, "neither a text nor tokens"),
        (Records(), ["{"], 1, "no JSON object"),
        (Records(), ['{"text": "abc", "spans": [[0, 9, "X"]]}'], 1, "holds no text"),
        (Records(), ['{"text": "abc", "spans": [[0, 2, "X"], [1, 3, "Y"]]}'], 1, "overlap"),
        (Records(), ['{"text": "abc", "spans": [["0", 2, "X"]]}'], 1, "is no span"),
        (Records(), ['{"text": "abc", "spans": [[0, 2, "X"]], "answer": "reject"}'], 1, "the answer is 'reject'"),
        (Records(), ['{"text": "abc", "spans": {"X": [[0, 1]]}}'], 1, "is no span"),
        (Records("tags", False), ['{"tokens": ["a", "b"], "tags": ["X", null]}'], 1, "must be texts"),
        (Records("tags", False), ['{"tokens": ["a", "b"], "tags": ["X"]}'], 1, "2 tokens, but 1 labels"),
        (Records("tags", False), ['{"tokens": ["a", ""], "tags": ["X", "Y"]}'], 1, "not empty"),
    ],
)
def test_what_cannot_be_read_is_named_by_line(format, lines, line, part):
    with pytest.raises(DataError, match=part) as caught:
        read(format, lines)
    assert f"line {line}" in str(caught.value)


@pytest.mark.parametrize("lines", [["plain English text here", "and more of it, of no format"], ["word"], ["", " "]])
def test_what_has_no_labels_is_asked_about(lines):
    with pytest.raises(DataError):
        detect(lines, "file")


def test_characters_of_columns_are_refused():
    with pytest.raises(UsageError, match="--characters"):
        detect(CONLL2003, "file", characters=True)


def test_comments_are_kept_and_a_number_sign_is_a_word():
    lines = ["# id = 1", "#\tX", "a\tY", ""]
    (sentence,) = read(Columns("\t", 2), lines)
    assert list(sentence.steps) == ["#", "a"]
    assert Columns("\t", 2).write(sentence, same_labels(sentence)) == "\n".join(lines) + "\n"


def test_a_comment_of_as_many_fields_as_a_step_is_none():
    lines = ["# id 5239d808\tdomain=en", "# _ _ O", "Ann _ _ B-PER", ""]
    (sentence,) = read(detect(lines, "file"), lines)
    assert list(sentence.steps) == ["#", "Ann"]


def test_tags_are_not_taken_for_characters(tmp_path):
    path = tmp_path / "tagged.txt"
    path.write_text("迈向/v 世纪/n\n新/a 世纪/n\n")
    with pytest.raises(DataError, match="after '/'"):
        read_labelled([str(path)], TextRequest(), Segmented())
    assert len(read_labelled([str(path)], TrainRequest(data=(str(path),), characters=True), None)[0]) == 2


@pytest.mark.parametrize(
    ("line", "own", "expected"),
    [
        ("and/or 1/2", Inline(), None),
        ("a/N and/or", Inline(), Inline()),
        ("Ann B-PER", Columns(None, 4, 0, 3), Columns(None, 2, 0, 1)),
        ("Ann\tNNP\tB-PER", Columns("\t", 2, 0, 1), Columns("\t", 3, 0, 2)),
        ("Ann B-PER", ConllU(), Columns(None, 2, 0, 1)),
        ("He met Ann B-", ConllU(), None),
        ("E-", ConllU(), None),
        ('{"text": "Ann"}', Records(), Records()),
    ],
)
def test_what_is_to_be_tagged_is_known_by_its_first_line(line, own, expected):
    labels = LabelSet(("N",)) if own == Inline() else LabelSet(("O", "S-PER"), SCHEMES[0])
    assert given_format(line, own, labels) == expected


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(DataError, match="surrogate"):
        list(Records().read(['{"text": "A\\ud800n"}'], "file"))
    (sentence,) = Records().read(['{"text": "\\ud83d\\ude00 A"}'], "file")
    assert sentence.steps == ["😀", "A"]


@pytest.mark.parametrize("before", [["", ""], ["# id = 1"], ["-DOCSTART- O", ""]])
def test_names_of_columns_are_no_step_wherever_they_begin(before):
    lines = [*before, "word\tner", "Ann\tB-PER", "", "word\tB-PER"]
    format = detect(lines, "file")
    assert format == Columns("\t", 2, 0, 1)
    assert [list(sentence.steps) for sentence in read(format, lines) if sentence.steps] == [["Ann"], ["word"]]


@pytest.mark.parametrize(
    ("own", "given", "lines", "written"),
    [
        (Columns(), ConllU(), CONLLU, "Vamos\tX\nnos\tX\nmar\tX\n\n"),
        (Columns(None), Columns("\t", 3, 0, 2), ["Ann\tNNP\tB-PER"], "Ann X\n\n"),
        (ConllU(), Columns(None, 4, 0, 3), CONLL2003[:2], "\n"),
        (Columns("\t", 2, 1, 0), RawText(WordRule()), ["Ann"], "X\tAnn\n\n"),
    ],
)
def test_lines_of_another_format_are_not_kept(own, given, lines, written):
    found = [own.write(sentence, Tagging(["X"] * len(sentence.steps))) for sentence in read(given, lines)]
    assert "".join(found) == written


@pytest.mark.parametrize(
    ("format", "written"),
    [
        (Columns(None), "New\u00a0York\u00a0City X\n\n"),
        (Columns("\t"), "New York City\tX\n\n"),
        (Inline(), "New\u00a0York\u00a0City/X\n"),
        (
            ConllU(),
            "# text = New York City\n1\tNew\u00a0York\u00a0City\t_\tX\t_\t_\t_\t_\t_\t_\n\n",
        ),
    ],
)
def test_a_step_with_blanks_in_it_stays_one(format, written):
    (sentence,) = Records("tags", False).read(['{"tokens": ["New York\\tCity"]}'], "file")
    assert format.write(sentence, Tagging(["X"])) == written


def test_steps_of_several_characters_are_whole_in_words_that_are_chunks():
    sentence = Sentence(["北京", "你", "好"])
    assert Segmented().write(sentence, Tagging("BES", [(0, 2, ""), (2, 3, "")])) == "北京你 好\n"
    assert Inline("/", True).write(sentence, Tagging("OBE", [(1, 3, "v")])) == "北京/ 你好/v\n"


def test_numbers_that_are_none_are_written_as_null():
    (sentence,) = read(Records(), ['{"text": "Ann", "score": NaN, "most": [Infinity, 1]}'])
    assert json.loads(Records().write(sentence, Tagging(["O"], [])))["most"] == [None, 1]


def test_columns_without_steps_are_refused():
    with pytest.raises(DataError, match="only one column"):
        detect(["-DOCSTART- -X- O O"], "file", name="conll")


def test_spans_of_tokens_stand_in_the_text_that_is_beside_them():
    lines = [
        '{"tokens": ["Ann", "did", "n\'t", "see", "Bo", "."], "text": "Ann didn\'t see Bo."}',
        '{"tokens": ["Ann", "saw", "a", "man", "Bo"]}',
        '{"tokens": ["Ann", "saw", "a", "man", "Bo"], "text": "Ann saw Bo"}',
    ]
    written = [
        Records().write(sentence, Tagging(["S-X", *"OOO", "S-X"], [(0, 1, "X"), (4, 5, "X")]))
        for sentence in read(Records("tags", False), lines)
    ]
    found = [json.loads(line) for line in written]
    assert [[(s["start"], s["end"], s["text"]) for s in record["spans"]] for record in found[:2]] == [
        [(0, 3, "Ann"), (15, 17, "Bo")],
        [(0, 3, "Ann"), (14, 16, "Bo")],
    ]
    assert found[1]["text"] == "Ann saw a man Bo"
    assert [sentence.labels for sentence in read(Records(), written[1:2])] == [["S-X", "O", "O", "O", "S-X"]]
    assert (found[2]["tags"], "spans" in found[2]) == (["S-X", "O", "O", "O", "S-X"], False)


@pytest.mark.parametrize(
    "lines",
    [
        ["text,label", "I like this film,pos", '"No, not this one",neg'],
        ["A fine day out\t1", "It rained all day\t0"],
        ["POS\tA fine day out", "NEG\tIt rained all day"],
        ["tokens,tags", "\"['Ann', 'ran', 'off']\",\"['PER', 'O', 'O']\""],
    ],
)
def test_labels_of_whole_texts_are_refused(lines):
    with pytest.raises(DataError, match="are whole texts") as refused:
        detect(lines, "file")
    assert "train-mt" in (refused.value.hint or "")


def test_blanks_after_commas_are_no_part_of_a_step():
    lines = ["idx, word, tag", "1, Ann, B-PER", '2, "ran", O']
    (sentence,) = read(detect(lines, "file"), lines)
    assert (sentence.steps, sentence.labels) == (["Ann", "ran"], ["B-PER", "O"])


def test_a_key_of_json_can_be_named():
    lines = ['{"tokens": ["Ann", "ran"], "ner_tags": [1, 0], "pos_tags": ["N", "V"], "spans": [[0, 1, "X"]]}']
    assert read(detect(lines, "file", column="pos_tags"), lines)[0].labels == ["N", "V"]
    assert read(detect(lines, "file"), lines)[0].labels == ["1", "0"]
    with pytest.raises(UsageError, match="have ner_tags, pos_tags, spans, tokens"):
        detect(lines, "file", column="chunk")
