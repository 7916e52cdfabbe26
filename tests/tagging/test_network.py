"""The network in training against the decoder in use, the objective, and the labels it may give."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqcli.errors import DataError
from seqcli.tagging import decoder, tag
from seqcli.tagging.data import LabelledText
from seqcli.tagging.decoder import BESIDE, LONG, Stretches
from seqcli.tagging.encoding import batch_of, encode
from seqcli.tagging.formats.columns import Columns
from seqcli.tagging.formats.sentence import Sentence
from seqcli.tagging.labelling import Labelling
from seqcli.tagging.labels import LabelSet
from seqcli.tagging.lexicon import Lexicon
from seqcli.tagging.network import TaggingModel
from seqcli.tagging.objective import TaggingTask, stretches
from seqcli.tagging.recipe import Recipe
from seqcli.tagging.tag import Tagger
from seqcli.tagging.words import WordRule
from seqcli.training.run import load_weights, weights_of
from tests.tagging.conftest import config_of, entity_sentences, random_model, tagger_of, word_labelling

WORDS = [["Ann", "left", "for", "New", "York", "."], ["Zoë", "ran"], ["Bo"], ["Deng", "flew", "over", "Unknownville"]]
TEXTS = ["迈向充满希望的新世纪", "新讲话", "世", "不认识的字"]


def task_of(model, labelling, sentences, batch_steps: int = 40) -> TaggingTask:
    data = LabelledText(
        encoded=encode(labelling.lexicon, [steps for steps, _ in sentences]),
        numbers=np.concatenate([labelling.labels.numbers(labels) for _, labels in sentences]),
        valid=[],
        gold=[],
        labelling=labelling,
        fingerprint="",
        notes=[],
    )
    recipe = Recipe(model.config, 0.0, batch_steps, longest=250, learning_rate=0.1, average=0.0, neighbours=0.0)
    return TaggingTask(model, data, recipe, seed=1)


def test_decoder_and_network_give_the_same_scores(labelled_model):
    model, labelling = labelled_model
    sentences = TEXTS if labelling.lexicon.unit == "character" else WORDS
    encoded = encode(labelling.lexicon, sentences)
    task = task_of(model, labelling, [(sentence, ["O"] * len(sentence)) for sentence in sentences], batch_steps=1000)
    task.forgotten, task.forgotten_pairs = task.forgotten * 0, task.forgotten_pairs * 0
    numbers = np.arange(len(sentences))
    task.num_batches(0)
    part = task._make(numbers)
    with torch.no_grad():
        expected = model.scores(model.read(part.steps)).numpy()
    tagger = tagger_of(model, labelling)
    (batch,) = tagger.decoder.batches(sentences)
    ((order, emissions, lengths),) = batch()
    _, expected_lengths, _ = batch_of(encoded.starts[:-1], encoded.starts[1:], numbers)
    assert lengths.tolist() == expected_lengths.tolist()
    for row, length in enumerate(lengths):
        assert emissions[:length, row] == pytest.approx(expected[:length, row], abs=1e-5)
        assert len(sentences[order[row]]) == length


@pytest.mark.parametrize("many", [False, True], ids=["one batch", "several batches"])
def test_what_stands_beside_a_sentence_changes_nothing(labelled_model, many, monkeypatch):
    model, labelling = labelled_model
    sentences = TEXTS if labelling.lexicon.unit == "character" else WORDS
    if many:
        for name, value in {"LANES": 2, "FEWEST": 4, "MOST": 12, "DECIDED": 5, "SPELLED": 3}.items():
            monkeypatch.setattr(decoder, name, value)
        assert len(tagger_of(model, labelling).decoder.batches(sentences)) > 1
    together = tagger_of(model, labelling).decoder.decide(sentences, probabilities=True, n_best=3)
    for sentence, decided in zip(sentences, together, strict=True):
        (alone,) = tagger_of(model, labelling).decoder.decide([sentence], probabilities=True, n_best=3)
        assert alone.labels.tolist() == decided.labels.tolist()
        assert alone.probabilities == pytest.approx(decided.probabilities, abs=1e-5)
        assert alone.log_probability == pytest.approx(decided.log_probability, abs=1e-4)
        ranks = [decided.log_probability, *(score for _, score in decided.others)]
        assert ranks == sorted(ranks, reverse=True)


def test_stretches_hold_each_step_once_with_what_is_beside_it():
    lengths = np.array([2001, 1, 5000, 2000, 2299])
    cut = Stretches.cut(lengths)
    for sentence, length in enumerate(lengths):
        of = cut.first[sentence] + np.arange(length) // cut.each[sentence]
        assert (cut.sentences[of] == sentence).all()
        assert sorted(set(of)) == np.flatnonzero(cut.sentences == sentence).tolist()
        before, after = np.arange(length) - cut.begins[of], cut.begins[of] + cut.sizes[of] - 1 - np.arange(length)
        assert (before >= np.minimum(BESIDE, np.arange(length))).all()
        assert (after >= np.minimum(BESIDE, np.arange(length)[::-1])).all()
        assert ((length > LONG) == (cut.sizes[of] < length)).all()


def test_a_long_sentence_in_stretches_has_the_scores_of_the_whole(labelled_model, monkeypatch):
    model, labelling = labelled_model
    parts = [list(text) for text in TEXTS] if labelling.lexicon.unit == "character" else WORDS
    long = [step for part in parts for step in part] * 7
    sentences = [long[:9], long, long[3:]]
    whole = scores_of(tagger_of(model, labelling), sentences)
    for name, value in (("LONG", 65), ("STRETCH", 5), ("BESIDE", 30)):
        monkeypatch.setattr(decoder, name, value)
    for one, other in zip(whole, scores_of(tagger_of(model, labelling), sentences), strict=True):
        assert one == pytest.approx(other, abs=5e-3)


def scores_of(tagger: Tagger, sentences) -> list[np.ndarray]:
    found = {}
    for batch in tagger.decoder.batches(sentences):
        for numbers, scores, lengths in batch():
            found |= {n: scores[: lengths[row], row] for row, n in enumerate(numbers.tolist())}
    return [found[number] for number in range(len(sentences))]


def test_labels_are_always_whole_chunks(labelled_model):
    model, labelling = labelled_model
    sentences = TEXTS if labelling.lexicon.unit == "character" else WORDS
    for decided in tagger_of(model, labelling).decoder.decide(sentences, n_best=4):
        for numbers in (decided.labels, *(other for other, _ in decided.others)):
            written = labelling.labels.written(numbers)
            assert labelling.labels.scheme.chunks(written)[1] == []
            assert labelling.labels.numbers(written).tolist() == numbers.tolist()


@pytest.mark.parametrize("crf", [True, False])
def test_an_entity_rule_is_learnt(crf):
    labelling = word_labelling()
    torch.manual_seed(1)
    model = TaggingModel(config_of(labelling, crf=crf), dropout=0.1)
    task = task_of(model, labelling, entity_sentences(60, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for epoch in range(12):
        for index in range(task.num_batches(epoch)):
            for part in task.parts(epoch, index):
                model.zero_grad()
                loss, tokens = task.loss(part)
                assert tokens > 0
                loss.backward()
                for value in model.parameters():
                    if value.grad is not None and value.grad.is_sparse:
                        value.grad = value.grad.to_dense()
                optimizer.step()
    model.eval()
    tagger: Tagger = tagger_of(model, labelling)
    for steps, labels in entity_sentences(30, 2):
        (decided,) = tagger.decoder.decide([steps])
        assert tagger.labels.written(decided.labels) == labels


def test_batches_are_a_function_of_seed_epoch_and_number():
    labelling = word_labelling()
    sentences = entity_sentences(60, 1)
    one, other = (task_of(random_model(labelling), labelling, sentences) for _ in range(2))
    other.parts(3, 1)
    for epoch, index in ((0, 0), (2, 1), (0, 0)):
        (first,), (second,) = one.parts(epoch, index), other.parts(epoch, index)
        assert torch.equal(first.steps.words, second.steps.words)
        assert torch.equal(first.labels, second.labels)
    assert any((part.steps.words == 1).any() for index in range(one.num_batches(0)) for part in one.parts(0, index))


def test_long_sentences_are_cut_between_chunks():
    labelling = word_labelling()
    sentences = entity_sentences(40, 4)
    steps = [step for steps, _ in sentences for step in steps]
    labels = [label for _, labels in sentences for label in labels]
    numbers = labelling.labels.numbers(labels)
    begin, end, of = stretches(np.array([0, len(steps)]), numbers, labelling.labels, 20)
    assert (begin[0], end[-1], set(of)) == (0, len(steps), {0})
    assert (begin[1:] == end[:-1]).all()
    assert (end - begin).max() <= 20
    _, first, last = labelling.labels.allowed
    assert first[numbers[begin]].all()
    assert last[numbers[end - 1]].all()


def test_a_sentence_of_one_chunk_is_not_cut():
    labelling = word_labelling()
    numbers = labelling.labels.numbers(["B-LOC"] + ["I-LOC"] * 99)
    assert [part.tolist() for part in stretches(np.array([0, 100]), numbers, labelling.labels, 20)] == [[0], [100], [0]]


def test_neighbours_are_told_by_the_direction_that_has_not_seen_them(labelled_model):
    _, labelling = labelled_model
    sentences = TEXTS if labelling.lexicon.unit == "character" else WORDS
    model = TaggingModel(config_of(labelling), neighbours=0.1).train()
    encoded = encode(labelling.lexicon, sentences)
    task = task_of(model, labelling, [(sentence, ["O"] * len(sentence)) for sentence in sentences], batch_steps=1000)
    task.forgotten, task.forgotten_pairs = task.forgotten * 0, task.forgotten_pairs * 0
    task.num_batches(0)
    part = task._make(np.arange(len(sentences)))
    with torch.no_grad():
        outputs, expected = model.read(part.steps), 0.0
        for row, length in enumerate(part.steps.lengths.tolist()):
            own = [0, *part.steps.words[:length, row].tolist(), 0]
            for place in range(length):
                for side, neighbour in ((0, own[place + 2]), (1, own[place])):
                    half = outputs[place, row].chunk(2)[side]
                    expected -= float(model.auxiliary.sides[side](half).log_softmax(0)[neighbour])
        assert float(model.auxiliary(outputs, part.steps)) == pytest.approx(expected / len(encoded.types), rel=1e-5)


def test_what_only_helps_to_learn_is_no_part_of_the_model(labelled_model):
    _, labelling = labelled_model
    config = config_of(labelling)
    model = TaggingModel(config, neighbours=0.1)
    weights = weights_of(model)
    assert set(weights) == set(config.parameter_shapes())
    load_weights(model, weights)
    load_weights(TaggingModel(config), weights)


def test_sentences_are_tagged_as_they_come_and_those_before_an_error_come_first(labelled_model, monkeypatch):
    monkeypatch.setattr(tag, "FIRST", 2)
    tagger, come = tagger_of(*labelled_model), []

    def sentences():
        for number in range(5):
            come.append(number)
            yield Sentence(["Ann", "ran"])
        raise DataError("is broken")

    tagged = tagger.tag(sentences(), ready=lambda: False)
    for number in range(5):
        assert len(next(tagged)[1].labels) == 2
        assert come == list(range(number + 1))
    with pytest.raises(DataError):
        next(tagged)
    tagged = tagger.tag(sentences())
    assert [len(next(tagged)[1].labels) for _ in range(5)] == [2] * 5
    with pytest.raises(DataError):
        next(tagged)


def test_words_of_which_nothing_recurs_are_learnt_as_wholes():
    sentences = [(["Ab", "cd"], ["X", "Y"]), (["ef"], ["X"])]
    steps = [steps for steps, _ in sentences]
    labels = LabelSet.learn([labels for _, labels in sentences], None)
    labelling = Labelling(Lexicon.learn(steps, "word"), labels, Columns(), WordRule.learn(steps))
    assert not labelling.lexicon.affixes
    assert not labelling.lexicon.characters
    model = random_model(labelling)
    task = task_of(model, labelling, sentences)
    loss, tokens = task.loss(task.parts(0, 0)[0])
    assert tokens == 3
    assert torch.isfinite(loss)
    assert len(tagger_of(model, labelling).decoder.decide([["Ab", "zz"]])[0].labels) == 2
