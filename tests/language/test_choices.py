"""Continuations to choose from, and a vector a line."""

from __future__ import annotations

import numpy as np
import pytest

from seqcli.errors import UsageError
from seqcli.language.choices import choose, embed_lines
from seqcli.language.score import score_lines

from .conftest import Trained


def test_the_likeliest_continuation_comes_first(trained: Trained) -> None:
    found = choose(trained.decoder, trained.tokenizer, "the sky here is ", ["clear", "grey", "xylophone"])
    assert found[0].text == "grey"
    assert sum(choice.probability for choice in found) == pytest.approx(1)
    assert [choice.unknown for choice in found] == [choice.text == "xylophone" for choice in found]
    whole = sum(next(score_lines(trained.decoder, trained.tokenizer, ["the sky here is grey"])).surprisals)
    before = next(score_lines(trained.decoder, trained.tokenizer, ["the sky here is"], line_end=False)).surprisals
    assert found[0].log_probability == pytest.approx(sum(before) - whole, abs=1e-4)
    assert choose(trained.decoder, trained.tokenizer, "", ["old town", "the sky here is grey"])[0].text.endswith("grey")


@pytest.mark.parametrize("choices", [["one"], ["one", "one"], ["one", " "], ["one", "two\nthree"]])
def test_what_is_no_choice_is_refused(trained: Trained, choices: list[str]) -> None:
    with pytest.raises(UsageError):
        choose(trained.decoder, trained.tokenizer, "the ", choices)


def test_a_vector_a_line(trained: Trained) -> None:
    same, again, other, blank = embed_lines(
        trained.decoder, trained.tokenizer, ["the sky here is grey", "the sky here is grey", "the old town", ""]
    )
    assert same.shape == (trained.decoder.config.embedding,)
    assert np.array_equal(same, again)
    assert not np.allclose(same, other)
    assert not blank.any()
