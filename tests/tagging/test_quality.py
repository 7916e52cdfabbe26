"""Figures against seqeval, labels against enumeration, and scores that sum to the probability of a labelling."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from seqcli import models
from seqcli.errors import CheckpointError, DataError
from seqcli.tagging.evaluate import evaluate_tagger, quality
from seqcli.tagging.formats.sentence import Sentence
from seqcli.tagging.labels import LabelSet
from seqcli.tagging.options import EvaluateRequest
from seqcli.tagging.schemes import SCHEMES
from seqcli.tagging.score import score_labels
from seqcli.tagging.tag import Tagger
from tests.tagging.conftest import entity_sentences, random_model, tagger_of, word_labelling

KINDS = ("PER", "LOC", "ORG")


def random_labels(rng: random.Random, scheme, count: int) -> list[list[str]]:
    made = []
    for _ in range(count):
        place, chunks = 0, []
        for _ in range(rng.randint(1, 5)):
            start = place + rng.randint(0, 2)
            place = start + rng.randint(1, 3)
            chunks.append((start, place, rng.choice(KINDS)))
        made.append(scheme.labels(chunks, 20))
    return made


@pytest.mark.parametrize("name", ["IOB2", "BIOES"])
def test_figures_are_those_of_seqeval(name):
    metrics = pytest.importorskip("seqeval.metrics")
    scheme = next(scheme for scheme in SCHEMES if scheme.name == name)
    rng = random.Random(5)
    gold, found = random_labels(rng, scheme, 40), random_labels(rng, scheme, 40)
    for one, other in zip(gold, found, strict=True):  # half of the chunks are right
        if rng.random() < 0.5:
            other[:] = one
    labels = LabelSet.learn([*gold, *found], scheme)
    figures = quality(labels, [labels.numbers(f) for f in found], [labels.gold(g) for g in gold])
    assert figures["f1"] == pytest.approx(metrics.f1_score(gold, found))
    assert figures["precision"] == pytest.approx(metrics.precision_score(gold, found))
    assert figures["recall"] == pytest.approx(metrics.recall_score(gold, found))
    report = metrics.classification_report(gold, found, output_dict=True)
    for kind, values in figures["kinds"].items():
        assert values["f1"] == pytest.approx(report[kind]["f1-score"])
        assert values["chunks"] == report[kind]["support"]


def test_an_unknown_label_counts_as_wrong():
    labels = LabelSet.learn([["N", "V"]], None)
    gold = [labels.gold(["N", "X"])]
    assert gold[0].numbers.tolist() == [labels.names.index("N"), -1]
    assert quality(labels, [np.array([labels.names.index("N")] * 2)], gold) == {"accuracy": 0.5}


def test_chunks_of_a_kind_that_the_model_does_not_know_are_missed():
    labels = LabelSet.learn([["B-PER", "O"]], SCHEMES[0])
    figures = quality(labels, [labels.numbers(["B-PER", "O", "O"])], [labels.gold(["B-PER", "O", "B-ORG"])])
    assert (figures["precision"], figures["recall"]) == (1.0, 0.5)
    assert figures["kinds"]["ORG"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "chunks": 1}


def test_labels_that_never_were_are_there_for_every_kind():
    labels = LabelSet.learn([["B-X", "I-X", "O"]], SCHEMES[0])
    assert set(labels.names) == {"O", "B-X", "I-X", "E-X", "S-X"}
    assert LabelSet.from_json(labels.to_json()) == labels
    for values in (
        None,
        {},
        {"names": [], "scheme": None},
        {"names": ["a", "a"], "scheme": None},
        {"names": ["a"], "scheme": "?"},
    ):
        with pytest.raises(CheckpointError):
            LabelSet.from_json(values)


def test_scores_sum_to_the_probability_of_the_labels(checkpoint):
    tagger = Tagger.load(checkpoint)
    steps, labels = (part[:3] for part in entity_sentences(1, 9)[0])
    lines = [f"{step}\t{label}" for step, label in zip(steps, labels, strict=True)]
    sentences = tagger.format.read([*lines, ""], "file")
    (score,) = score_labels(tagger, sentences, "file")
    assert score.tokens == len(steps)
    assert score.pieces[0] == f"{steps[0]}/{labels[0]}"
    (decided,) = tagger.decoder.decide([steps], n_best=1000)
    every = dict([(tuple(decided.labels), decided.log_probability), *((tuple(o), p) for o, p in decided.others)])
    assert score.log_probability == pytest.approx(every[tuple(tagger.labels.numbers(labels))], abs=1e-3)


@pytest.mark.parametrize(("lines", "part"), [(["Ann"], "no labels"), (["Ann\tB-XYZ"], "does not know the label")])
def test_what_cannot_be_scored_is_named(checkpoint, lines, part):
    tagger = Tagger.load(checkpoint)
    with pytest.raises(DataError, match=part):
        list(score_labels(tagger, tagger.format.read(lines, "file"), "file"))


def test_evaluation_says_how_good_labels_are(checkpoint, tmp_path):
    path = tmp_path / "test.conll"
    sentences = [*entity_sentences(20, 3), (["Qq"], ["O"])]
    path.write_text("\n\n".join("\n".join(map("\t".join, zip(*s, strict=True))) for s in sentences) + "\n")
    result = models.Tagger(checkpoint).evaluate(path)
    steps = sum(len(steps) for steps, _ in sentences)
    assert (result["task"], result["sentences"], result["steps"], result["unknown_steps"]) == ("tag", 21, steps, 1)
    assert set(result["kinds"]) >= {"PER", "LOC"}
    assert 0 <= result["f1"] <= 1
    path.write_text("a\tQ\nb\tR\n")
    with pytest.raises(DataError, match="none of the labels"):
        models.Tagger(checkpoint).evaluate(path)


def test_chunks_of_another_scheme_are_evaluated_as_what_they_are(checkpoint, tmp_path):
    path, found = tmp_path / "test.conll", []
    sentences, said = entity_sentences(20, 3), []
    for name in ("IOB2", "BIOES", "BILOU"):
        scheme = next(scheme for scheme in SCHEMES if scheme.name == name)
        written = [scheme.labels(SCHEMES[0].chunks(labels)[0], len(labels)) for _, labels in sentences]
        rows = ["\n".join(map("\t".join, zip(s, w, strict=True))) for (s, _), w in zip(sentences, written, strict=True)]
        path.write_text("\n\n".join(rows) + "\n")
        result = evaluate_tagger(checkpoint, EvaluateRequest(data=(str(path),)), said.append)
        found.append({name: result[name] for name in ("accuracy", "f1", "kinds")})
    assert found[0] == found[1] == found[2]
    assert [note.split(": ")[1] for note in said] == [
        f"labels are chunks in {n}, read as those in IOB2" for n in ("BIOES", "BILOU")
    ]
    tagger = Tagger.load(checkpoint)
    with pytest.raises(DataError, match="does not know the label 'S-PER'"):
        list(score_labels(tagger, tagger.format.read(["Ann\tS-PER"], "file"), "file"))


def test_lines_without_steps_have_no_score_where_a_sentence_is_several(checkpoint):
    tagger = Tagger.load(checkpoint)
    lines = ["-DOCSTART-\tO", "", "Ann\tB-PER", "", "", "Bo\tB-PER"]
    assert [score.text for score in score_labels(tagger, tagger.format.read(lines, "file"), "file")] == ["Ann", "Bo"]


def test_a_sentence_without_steps_has_chunks_only_where_labels_are_chunks(checkpoint):
    labelling = word_labelling()
    tags = LabelSet(tuple(f"T{number}" for number in range(len(labelling.labels))))
    tagger = tagger_of(random_model(labelling), replace(labelling, labels=tags))
    for one, chunks in ((tagger, None), (Tagger.load(checkpoint), [])):
        ((_, tagging),) = one.tag([Sentence([])])
        assert tagging.chunks == chunks


def test_damaged_models_are_refused(checkpoint):
    config = checkpoint.config
    broken = [
        replace(checkpoint, blobs={}),
        replace(checkpoint, blobs=checkpoint.blobs | {"labelling": b"{"}),
        replace(checkpoint, blobs=checkpoint.blobs | {"labelling": b"{}"}),
        replace(checkpoint, blobs=checkpoint.blobs | {"lexicon": b"{}"}),
        replace(checkpoint, config=config | {"hidden": 0}),
        replace(checkpoint, config=config | {"hidden": config["hidden"] + 1}),
        replace(checkpoint, config=config | {"words": config["words"] + 1}),
        replace(checkpoint, config=config | {"labels": config["labels"] - 1}),
        replace(checkpoint, config=config | {"cell": "x"}),
        replace(checkpoint, config={}),
        replace(checkpoint, tensors={}),
    ]
    for one in broken:
        with pytest.raises(CheckpointError):
            Tagger.load(one)
