from __future__ import annotations

import pytest

from seqcli.files.output import state_path
from seqcli.language.options import TrainRequest
from seqcli.training.run import Events, opened_run


@pytest.mark.parametrize("saved", [False, True])
def test_what_is_left_of_a_run_that_ends_at_once_is_said(tmp_path, saved):
    model, said = tmp_path / "m.lm.safetensors", []
    if saved:
        state_path(model).touch()
    request = TrainRequest(corpus=("text",), output=model, steps=1, overwrite=saved)
    with pytest.raises(KeyboardInterrupt), opened_run("lm", 1.0, request, Events(notice=said.append)):
        raise KeyboardInterrupt
    assert any("--resume goes on from what was last saved" in text for text in said) is saved
