"""Lines in, lines out: order, blanks, long lines, reading ahead."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seqcli
from seqcli.errors import CheckpointError, DataError, UsageError
from seqcli.files.checkpoint import load_checkpoint
from seqcli.translation import translate
from seqcli.translation.beam import beam_search
from seqcli.translation.evaluate import bleu_tokenizer, translation_quality
from seqcli.translation.lines import LONGEST, Lines
from seqcli.translation.options import TranslateRequest
from seqcli.translation.preprocessing import BLOB
from seqcli.translation.quality import Quality
from seqcli.translation.score import score_pairs
from seqcli.translation.translate import WINDOW, Translator
from tests.translation.conftest import PAIRS, write_pairs


def test_every_pair_is_translated_in_order(translator: Translator) -> None:
    some = PAIRS[::7]
    found = [t.text for t in translator.translate([source for source, _ in some])]
    right = sum(text == target for text, (_, target) in zip(found, some, strict=True))
    assert right >= 0.98 * len(some)


def test_few_lines_are_shared_among_the_cores(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def counted(decoders: Any, sentences: Any, *others: Any, **options: Any) -> Any:
        sizes.append(len(sentences))
        return beam_search(decoders, sentences, *others, **options)

    monkeypatch.setattr(translate, "beam_search", counted)
    lines = [source for source, _ in PAIRS[:7]]
    for cores, expected in ((1, [7]), (2, [4, 3]), (16, [1] * 7)):
        monkeypatch.setattr(translate, "cores", lambda cores=cores: cores)
        list(translator.translate(lines))
        assert sorted(sizes, reverse=True) == expected
        sizes.clear()


def test_blank_lines_stay_blank(translator: Translator) -> None:
    lines = ["the red dog", "", "  ", "\u2028", "the red dog"]
    found = [t.text for t in translator.translate(lines)]
    assert found[1:4] == ["", "", ""]
    assert found[0] == found[4] != ""


def test_no_line_is_no_line(translator: Translator) -> None:
    assert list(translator.translate([])) == list(translator.translate(iter([]))) == []


def test_a_very_long_line_goes_in_parts(translator: Translator) -> None:
    sentence = PAIRS[0][0]
    (found,) = translator.translate([" ".join([sentence] * 100)], attention=True)
    parts = found.candidates[0].alignments
    assert len(parts) > 1
    assert all(len(part.source) <= LONGEST + 1 for part in parts)
    assert all(part.weights.shape == (len(part.target), len(part.source)) for part in parts)
    assert "\n" not in found.text


def test_what_has_come_is_translated_before_the_rest_is_waited_for(translator: Translator) -> None:
    taken = []

    def lines() -> Iterator[str]:
        for line in ("the red dog", "the cat", "the blue cat"):
            taken.append(line)
            yield line

    stream = translator.translate(lines(), ready=lambda: len(taken) != 2)
    assert next(stream).source == "the red dog"
    assert taken == ["the red dog", "the cat"]
    assert [t.source for t in stream] == ["the cat", "the blue cat"]


def test_what_stops_the_input_is_raised_after_what_came(translator: Translator) -> None:
    def lines() -> Iterator[str]:
        yield "the red dog"
        raise DataError("byte 7 is not text")

    stream = translator.translate(lines())
    assert next(stream).text
    with pytest.raises(DataError, match="byte 7"):
        next(stream)


def test_many_lines_keep_their_order(translator: Translator) -> None:
    lines = [("the red dog", "the blue cat", "")[number % 3] for number in range(2 * WINDOW + 5)]
    found = list(translator.translate(iter(lines), TranslateRequest(beam=1)))
    assert [t.source for t in found] == lines
    assert len({t.text for t in found}) == 3


def test_the_end_mark_is_looked_for_and_words_are_looked_at(translator: Translator) -> None:
    (found,) = translator.translate(["the black bird sees the white fish"], attention=True)
    (alignment,) = found.candidates[0].alignments
    assert alignment.weights.shape == (len(alignment.target), len(alignment.source))
    most = {t.strip(): alignment.source[int(w.argmax())].strip() for t, w in zip(*_rows(alignment), strict=True)}
    assert most["oiseau"] == "bird"
    assert most["poisson"] == "fish"


def _rows(alignment: object) -> tuple[tuple[str, ...], np.ndarray]:
    return alignment.target, alignment.weights  # type: ignore[attr-defined]


def test_strings_arrive_and_unknown_words_too(translator: Translator) -> None:
    for number, string in enumerate(("https://www.x.org/a?b=1", "a.b@c.org", "12,345", "😀", "<b>", "Zwuggel")):
        words = PAIRS[number * 50][0].split()
        words.insert(1 + number % 5, string)
        (found,) = translator.translate([" ".join(words)])
        assert found.text.count(string) == 1
        assert string in found.candidates[0].pieces
        assert string in found.source_pieces
    many = " ".join(["the dog"] + [f"x{n}.org" for n in range(11)])
    (found,) = translator.translate([many])
    assert all(f"x{n}.org" in found.text for n in range(11))


def test_what_looks_the_same_is_translated_the_same(translator: Translator) -> None:
    plain = "the red dog sees the blue cat"
    disturbed = [plain.upper(), plain.replace(" ", "\u00a0"), f" {plain}\u200b", plain.replace("dog", "d\u00adog")]
    found = [t.text for t in translator.translate([plain, *disturbed, "ｔｈｅ red ｄｏｇ sees the blue cat"])]
    assert set(found) == {"le chien rouge voit le chat bleu"}


def test_terms_and_prefixes_are_forced(model_path: Path) -> None:
    checkpoint = load_checkpoint(model_path)
    terms = Translator.load(
        [checkpoint], TranslateRequest(glossary=[("Dog", "oiseau"), ("sees", "mange"), ("elephant", "chat")])
    )
    for source, _ in PAIRS[::60]:
        (found,) = terms.translate([source])
        assert found.text.split().count("oiseau") >= source.split().count("dog")
        assert ("mange" in found.text) >= ("sees" in source)
    begun = Translator.load([checkpoint], TranslateRequest(prefix="le chat"))
    assert all(t.text.startswith("le chat ") for t in begun.translate([source for source, _ in PAIRS[::90]]))
    carried = [f"the red dog sees x{n}.org and 3{n}" for n in range(4)]
    assert all(t.text.startswith("le chat ") for t in begun.translate(carried))
    with pytest.raises(UsageError, match="--prefix 'éléphant'"):
        Translator.load([checkpoint], TranslateRequest(prefix="éléphant"))
    with pytest.raises(UsageError, match="éléphant"):
        Translator.load([checkpoint], TranslateRequest(glossary=[("elephant", "éléphant")]))
    alike = [("dog", "oiseau"), ("5 µm", "chat"), ("sees", "mange")]
    lookalike = Translator.load([checkpoint], TranslateRequest(glossary=alike))
    assert "mange" in next(lookalike.translate(["ſeeſ 5 μm"])).text  # letters that are others' capitals, so to say
    kept = Translator.load([checkpoint], TranslateRequest(keep=["red d.g"]))
    assert "red dog" in next(kept.translate(["the red dog sees the blue cat"])).text


@pytest.mark.parametrize(
    "expression", ["(", "a{99999999999999999999}", "(" * 9000 + ")" * 9000, "(?:(?:a?){65535}){65535}"]
)
def test_a_model_with_a_bad_expression_is_damaged(model_path: Path, expression: str) -> None:
    checkpoint = load_checkpoint(model_path)
    values = json.loads(checkpoint.blobs[BLOB])
    values["carrier"]["keep"] = [expression]
    checkpoint.blobs[BLOB] = json.dumps(values).encode()
    with pytest.raises(CheckpointError, match="description of its text"):
        Translator.load([checkpoint])


@pytest.mark.parametrize("expression", ["(", "a{99999999999999999999}", "(" * 9000 + ")" * 9000, 5, [b"x"]])
def test_what_is_no_expression_is_said(expression: Any) -> None:
    with pytest.raises(UsageError, match="--keep"):
        TranslateRequest(keep=expression)


def test_a_line_has_no_more_sentences_than_a_training_line(translator: Translator) -> None:
    plain = replace(translator.preprocessing, carrier=None)
    lines = Lines(translator.tokenizer, replace(plain, sentences=1))
    text = "你 the dog。the cat！Birds？the end"
    parts = lines.parts(text)
    assert len(parts) == 4
    assert len(Lines(translator.tokenizer, replace(plain, sentences=2)).parts(text)) == 2
    assert len(Lines(translator.tokenizer, replace(plain, sentences=4)).parts(text)) == 1


def test_a_cut_translation_says_so(translator: Translator) -> None:
    whole, cut = (
        next(translator.translate([PAIRS[0][0]], TranslateRequest(max_length=n))).candidates[0] for n in (None, 3)
    )
    assert not whole.cut
    assert cut.cut
    assert len(cut.pieces) == 3


def test_surer_translations_are_estimated_better() -> None:
    sure = np.log(np.linspace(0.2, 0.9, 40))
    texts = ["abcdefghij"[: 2 + n // 5] for n in range(40)]
    quality = Quality.fit(sure.tolist(), texts, ["abcdefghij"] * 40)
    assert 0 <= quality.of(-3.0) < quality.of(-1.0) < quality.of(-0.1) <= 100
    assert Quality.from_metrics({"quality": {"intercept": 1.0, "slope": 2.0}}) == Quality(1.0, 2.0)
    assert Quality.from_metrics({}) is None
    assert Quality.from_metrics({"quality": {"intercept": "x"}}) is None


def test_an_ensemble_needs_one_vocabulary(model_path: Path) -> None:
    checkpoint = load_checkpoint(model_path)
    twice = Translator.load([checkpoint, checkpoint])
    asked = TranslateRequest(ensemble=[str(model_path)])
    found = [next(model.translate(["the red dog"])) for model in (twice, Translator.load([checkpoint], asked))]
    assert found[0].text
    assert found[0] == found[1]
    foreign = load_checkpoint(model_path)
    foreign.blobs["tokenizer"] = foreign.blobs["tokenizer"].replace(b"rouge", b"rougi")
    with pytest.raises(CheckpointError, match="vocabulary"):
        Translator.load([checkpoint, foreign])


def test_scores_are_those_of_the_search_and_right_translations_are_likelier(translator: Translator) -> None:
    source = PAIRS[100][0]
    best = next(translator.translate([source])).candidates[0]
    pairs = [(source, best.text), (source, PAIRS[3][1]), ("the dog", "le chien")]
    scores = list(score_pairs(translator.decoders[0], translator.tokenizer, pairs))
    assert scores[0].log_probability == pytest.approx(best.log_probability, abs=1e-3)
    assert scores[0].tokens == len(best.pieces) + 1 == len(scores[0].surprisals)
    assert scores[0].log_probability > scores[1].log_probability + 3
    assert scores[0].perplexity == pytest.approx(np.exp(np.mean(scores[0].surprisals)))
    alone = list(score_pairs(translator.decoders[0], translator.tokenizer, pairs[1:2]))
    assert alone[0].log_probability == pytest.approx(scores[1].log_probability, abs=1e-3)


def test_evaluation_of_a_bitext(model_path: Path, tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "some.tsv", PAIRS[::11])
    result = seqcli.load(model_path).evaluate(path)
    assert result["sentences"] == len(PAIRS[::11])
    assert result["bleu"] > 95
    assert result["exact"] > 0.95
    assert "tok:13a" in result["bleu_signature"]
    assert result["sentences_per_second"] > 0
    empty = tmp_path / "empty.tsv"
    empty.touch()
    with pytest.raises(DataError, match="no pairs"):
        seqcli.load(model_path).evaluate(empty)


def test_quality_is_sacrebleus() -> None:
    import sacrebleu

    found, references = ["the cat sat on a mat", "hello there world"], ["the cat sat on the mat", "hello there, world"]
    quality = translation_quality(found, references)
    assert quality["bleu"] == pytest.approx(sacrebleu.corpus_bleu(found, [references]).score, abs=0.006)
    assert quality["chrf"] == pytest.approx(sacrebleu.corpus_chrf(found, [references]).score, abs=0.006)


def test_the_form_of_characters_in_references_costs_nothing() -> None:
    found = ["Học sinh đọc sách ở trường.", "Wir hören die Bäume."]
    quality = translation_quality(found, [unicodedata.normalize("NFD", text) + "\u200b" for text in found])
    assert (quality["bleu"], quality["chrf"], quality["exact"]) == (100, 100, 1)


@pytest.mark.parametrize(
    ("text", "expected"), [("Ein Hund.", "13a"), ("我 23 岁 OK", "zh"), ("これは日本語です", "char"), ("…", "13a")]
)
def test_the_target_language_chooses_how_bleu_cuts_words(text: str, expected: str) -> None:
    assert bleu_tokenizer([text]) == expected
