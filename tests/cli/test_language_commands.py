"""train-lm, generate, evaluate, score and info as a user runs them, on a model of a few units."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import seqcli
from seqcli.cli.app import run
from seqcli.files.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from seqcli.files.plain import to_plain
from seqcli.language.config import LanguageModelConfig
from seqcli.language.network import LanguageModel
from seqcli.text.tokenizer import tokenizer_of, train_tokenizer
from seqcli.training.state import load_state

TEXT = "the sky is grey\nthe river is clear\n天空 很 蓝\n"
MODEL = "checkpoints/small.lm.safetensors"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with `corpus.txt`, a few hundred words long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("corpus.txt").write_text(TEXT * 40, encoding="utf-8")
    return tmp_path


@pytest.fixture
def model(folder: Path) -> str:
    """A word model with random weights, made without training, in `checkpoints/`."""
    tokenizer = train_tokenizer("word", [TEXT])
    config = LanguageModelConfig(vocabulary=tokenizer.size, embedding=8, hidden=8)
    generator = np.random.default_rng(5)
    Path("checkpoints").mkdir()
    save_checkpoint(
        Path(MODEL),
        Checkpoint(
            task="lm",
            config=to_plain(config),
            tensors={
                name: generator.normal(0, 1, shape).astype(np.float32)
                for name, shape in config.parameter_shapes().items()
            },
            blobs={"tokenizer": tokenizer.to_bytes()},
            metrics={"perplexity": 9.5, "history": [{"step": 1, "seconds": 0.1, "perplexity": 9.5}]},
            provenance={"seed": 1, "options": {"budget": 60.0}},
        ),
    )
    return MODEL


def give(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))


TRAIN = ["train-lm", "corpus.txt", "--tokens", "word", "--hidden", "8", "--embedding", "8", "--precision", "fp32"]


def test_train_saves_says_where_and_can_be_used(folder, capsys):
    assert run([*TRAIN, "--steps", "3", "--cell", "gru", "--json"]) == 0
    out, err = capsys.readouterr()
    summary = json.loads(out)
    assert summary["model"] == "checkpoints/corpus.lm.safetensors"
    assert summary["ended"] == "finished"
    assert summary["perplexity"] > 1
    assert "saved checkpoints/corpus.lm.safetensors" in err
    assert "try: seqcli generate --model checkpoints/corpus.lm.safetensors --prompt ''" in err
    assert load_checkpoint(Path(summary["model"])).config["cell"] == "gru"
    assert Path("checkpoints/corpus.lm.log.csv").exists()
    assert run(["generate", "--prompt", "the sky", "--max-tokens", "3"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("the sky")
    assert "using checkpoints/corpus.lm.safetensors" in err


def test_each_regularisation_can_be_asked_for_and_is_kept_for_resuming(folder, capsys):
    given = {
        "--dropout": ("between", 0.4),
        "--input-dropout": ("input", 0.1),
        "--output-dropout": ("output", 0.3),
        "--embedding-dropout": ("words", 0.05),
        "--weight-dropout": ("recurrent", 0.5),
        "--activation-penalty": ("activation", 2.0),
        "--temporal-penalty": ("change", 1.0),
        "--label-smoothing": ("smoothing", 0.02),
        "--weight-decay": ("decay", 0.003),
    }
    options = [text for option, (_, value) in given.items() for text in (option, str(value))]
    train = [*TRAIN, *options, "--random-bptt", "--bptt", "6", "--average", "0.9", "--layers", "2"]
    assert run([*train, "--steps", "12", "-q"]) == 0
    recipe = load_checkpoint(Path("checkpoints/corpus.lm.safetensors")).provenance["options"]["recipe"]
    assert recipe["regularisation"] == dict(given.values())
    assert recipe["random_bptt"]
    assert run([*train, "--resume", "--steps", "14", "-v"]) == 0
    assert "dropout 0.30" in capsys.readouterr().err


def test_fine_tuning_keeps_tokens_shape_and_what_was_learnt(folder, capsys):
    assert run([*TRAIN, "--cell", "gru", "--steps", "30", "-q"]) == 0
    first = load_checkpoint(Path("checkpoints/corpus.lm.safetensors"))
    Path("other.txt").write_text("the river is grey\na new word\n" * 40, encoding="utf-8")
    tune = ["train-lm", "other.txt", "--init-from", "checkpoints/corpus.lm.safetensors", "--steps", "1"]
    assert run([*tune, "--learning-rate", "0.0001", "-v"]) == 0
    assert "1 × 8 gru" in capsys.readouterr().err
    second = load_checkpoint(Path("checkpoints/other.lm.safetensors"))
    assert (second.config, second.blobs) == (first.config, first.blobs)
    for name, value in first.tensors.items():
        np.testing.assert_allclose(second.tensors[name], value, atol=0.001)
    other = (["--hidden", "9"], ["--size", "small"], ["--cell", "rnn"], ["--untied"], ["--tokens", "char"])
    for option in other:
        assert run([*tune, "--overwrite", *option]) == 2
        assert f"{option[0]} cannot change with --init-from" in capsys.readouterr().err


def test_the_temperature_that_suits_the_validation_text_is_in_the_weights(folder, capsys):
    options = ["--valid", "corpus.txt", "--steps", "40", "--learning-rate", "0.05", "--dropout", "0.3"]
    assert run(["-v", *TRAIN, *options]) == 0
    found = re.search(r"temperature, ([\d.]+), suits the validation text best", capsys.readouterr().err)
    assert found
    temperature = float(found[1])
    assert abs(temperature - 1) > 0.02
    kept = load_checkpoint(Path("checkpoints/corpus.lm.safetensors"))
    trained = LanguageModel(LanguageModelConfig.from_json(kept.config))
    tokenizer = tokenizer_of(kept.blobs)
    trained.share_parts([tokenizer.piece(number) for number in range(tokenizer.size)])
    trained.load_state_dict(load_state(Path("checkpoints/corpus.lm.state.safetensors")).part("weights"))
    trained.add_parts()
    table, bias = trained.embedding.detach().numpy(), trained.output_bias.detach().numpy()
    np.testing.assert_allclose(kept.tensors["embedding"] * temperature, table, rtol=2e-3, atol=1e-4)
    np.testing.assert_array_equal(kept.tensors["output_bias"], bias)


def test_weight_dropout_needs_recurrent_weights(folder, capsys):
    assert run([*TRAIN, "--steps", "1", "--cell", "mingru", "--weight-dropout", "0.5"]) == 2
    assert "--weight-dropout" in capsys.readouterr().err
    assert run([*TRAIN, "--steps", "1", "--embedding-dropout", "1"]) == 2
    assert "--embedding-dropout must be from 0 to below 1" in capsys.readouterr().err


def test_help_has_a_section_for_each_kind_of_option(capsys):
    assert run(["train-lm", "--help"]) == 0
    text = capsys.readouterr().out
    places = [text.index(f"\n{section}:\n") for section in ("Options", "Model", "Training", "Regularisation")]
    assert places == sorted(places)
    assert places[3] < text.index("--weight-dropout X")
    assert text.index("--quiet") < places[1] < text.index("--cell") < places[2] < text.index("--bptt")


def test_train_refuses_to_overwrite_and_names_the_ways_on(folder, capsys):
    assert run([*TRAIN, "--steps", "1", "-q"]) == 0
    before = Path("checkpoints/corpus.lm.safetensors").read_bytes()
    assert capsys.readouterr().err == ""
    assert run([*TRAIN, "--steps", "1"]) == 2
    err = capsys.readouterr().err
    assert "--overwrite" in err
    assert "--resume" in err
    assert Path("checkpoints/corpus.lm.safetensors").read_bytes() == before


def test_a_resumed_run_keeps_what_it_was_begun_with(folder, capsys):
    begun = [*TRAIN, "--valid-share", "0.1", "--seed", "3", "--dropout", "0.1", "--average", "0.9", "--untied"]
    assert run([*begun, "--layers", "2", "--steps", "4", "-q"]) == 0
    log = Path("checkpoints/corpus.lm.log.csv").read_text().splitlines()
    assert run(["train-lm", "corpus.txt", "--resume", "--steps", "6", "-q"]) == 0
    options = load_checkpoint(Path("checkpoints/corpus.lm.safetensors")).provenance["options"]
    given = ("valid_share", "seed", "dropout", "average", "tied", "layers", "tokens")
    assert [options[name] for name in given] == [0.1, 3, 0.1, 0.9, False, 2, "word"]
    more = Path("checkpoints/corpus.lm.log.csv").read_text().splitlines()
    assert more[: len(log)] == log
    first = next(csv.DictReader([log[0], *more[len(log) :]]))
    assert first["valid_score"] == ""  # it has not validated yet
    assert run([*begun, "--layers", "2", "--resume", "--steps", "7", "--learning-rate", "0.01", "-q"]) == 0
    assert load_checkpoint(Path("checkpoints/corpus.lm.safetensors")).metrics["steps"] == 7
    capsys.readouterr()
    for option in (["--layers", "3"], ["--seed", "4"], ["--tokens", "char"], ["--average", "0.5"], ["--bptt", "9"]):
        assert run(["train-lm", "corpus.txt", "--resume", "--steps", "9", *option]) == 2
        assert f"{option[0]} cannot change when a run is resumed" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--epochs", "--learning-rate"])
@pytest.mark.parametrize("number", ["0", "nan", "inf"])
def test_numbers_that_no_run_can_have(folder, capsys, option, number):
    assert run([*TRAIN, option, number]) == 2
    assert option in capsys.readouterr().err


def test_two_lengths_at_once_are_a_usage_error(folder, capsys):
    assert run([*TRAIN, "--steps", "1", "--budget", "1m"]) == 2
    assert "--budget and --steps exclude" in capsys.readouterr().err


def test_interrupted_training_saves_and_resumes(folder):
    command = [sys.executable, "-m", "seqcli", *TRAIN, "--steps", "1000000"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    log = Path("checkpoints/corpus.lm.log.csv")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (log.exists() and log.read_text().count("\n") > 1):
        time.sleep(0.05)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=60)
    assert (program.returncode, out) == (130, ""), err
    resume = next(line for line in err.splitlines() if line.startswith("resume with: "))
    assert resume.endswith("--steps 1000000 --resume")
    steps = load_checkpoint(Path("checkpoints/corpus.lm.safetensors")).metrics["steps"]
    assert run([*TRAIN, "--steps", str(steps + 2), "--resume", "-q"]) == 0
    assert load_checkpoint(Path("checkpoints/corpus.lm.safetensors")).metrics["steps"] == steps + 2


def test_generate_is_the_same_alone_and_in_a_batch(model, capsys, monkeypatch):
    arguments = ["generate", "--max-tokens", "6", "--format", "ndjson", "-q"]
    assert run([*arguments, "-n", "2", "--prompt", "the sky", "--prompt", "", "--prompt", "天空"]) == 0
    together = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["prompt"], row["sample"]) for row in together] == [
        (prompt, sample) for prompt in ("the sky", "", "天空") for sample in (0, 1)
    ]
    monkeypatch.setattr("seqcli.cli.generate.BATCH_ROWS", 1)
    give(monkeypatch, "the sky\n\n天空\n".encode())
    assert run([*arguments, "-n", "2"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == together


def test_generate_text_parts_continuations_by_an_empty_line(model, capsys):
    assert run(["generate", "--max-tokens", "3", "-n", "2", "-p", "the sky", "--stop", "\n", "-q"]) == 0
    first, empty, second = capsys.readouterr().out.splitlines()
    assert first.startswith("the sky")
    assert empty == ""
    assert second.startswith("the sky")


def test_generate_takes_all_of_standard_input_as_one_prompt(model, capsys, monkeypatch):
    give(monkeypatch, b"the sky is grey\nthe river\n")
    assert run(["generate", "--whole", "--max-tokens", "1", "--format", "ndjson", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["prompt"] == "the sky is grey\nthe river"


def test_generate_from_empty_input_says_so(model, capsys, monkeypatch):
    give(monkeypatch, b"")
    assert run(["generate"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "the input is empty" in err


def test_the_likeliest_next_tokens(model, capsys):
    assert run(["generate", "--prompt", "天空 很", "--top-next", "3", "-q"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    chances = [float(row["probability"]) for row in rows]
    assert len(rows) == 3
    assert chances == sorted(chances, reverse=True)
    assert 0 < sum(chances) <= 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--top-p", "0"], 2, "--top-p"),
        (["--model", "corpus.txt"], 4, "corpus.txt"),
        (["--model", "none.safetensors"], 4, "none.safetensors"),
        (["--prompt", "\udcff"], 2, "UTF-8"),
        (["--stop", ""], 2, "--stop"),
        (["--choices", "a,b", "--embed"], 2, "--choices and --embed cannot be given together"),
    ],
)
def test_generate_errors(model, capsys, arguments, code, message):
    assert run(["generate", "--prompt", "x", *arguments]) == code
    err = capsys.readouterr().err
    assert message in next(line for line in err.splitlines() if line.startswith("error: "))


def test_no_model_yet(folder, capsys):
    assert run(["generate", "--prompt", "x"]) == 4
    assert "train-lm" in capsys.readouterr().err


def test_score_gives_a_row_a_line(model, capsys, monkeypatch):
    give(monkeypatch, "the sky is grey\n\n天空 很 蓝\r\nunheard of".encode())
    assert run(["score", model]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["text"] for row in rows] == ["the sky is grey", "", "天空 很 蓝", "unheard of"]
    assert rows[1]["tokens"] == "0"
    assert rows[1]["log_probability"] == rows[1]["perplexity"] == ""
    assert float(rows[0]["perplexity"]) == pytest.approx(np.exp(-float(rows[0]["log_probability"]) / 5))


def test_score_in_bits_by_words_and_without_line_ends(model, capsys):
    Path("lines.txt").write_text("the sky is grey\n", encoding="utf-8")

    def scored(*options):
        assert run(["score", model, "lines.txt", "--format", "ndjson", *options]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    (nats,), (bits,) = scored(), scored("--unit", "bits")
    assert bits["log_probability"] == pytest.approx(nats["log_probability"] / np.log(2))
    words = scored("--per-word", "--no-line-end")
    assert [(row["start"], row["token"]) for row in words] == [(0, "the"), (4, "sky"), (8, "is"), (11, "grey")]
    assert -sum(row["surprisal"] for row in words) > nats["log_probability"]
    assert "\n" not in "".join(row["token"] for row in scored("--per-token"))


def test_minimal_pairs_by_group(model, capsys):
    pairs = (
        "order\tthe sky is grey\tgrey is sky the\norder\tgrey is sky the\tthe sky is grey\n\nend\tthe sky\tthe the\n"
    )
    Path("pairs.tsv").write_text(pairs, encoding="utf-8")
    assert run(["score", model, "pairs.tsv", "--pairs", "--format", "ndjson"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["group"] for row in rows] == ["order", "end", "all"]
    assert [row["pairs"] for row in rows] == [2, 1, 3]
    assert rows[0]["accuracy"] == 0.5
    Path("named.tsv").write_text("good\tbad\nthe sky is grey\tsky the grey is\n", encoding="utf-8")
    assert run(["score", model, "named.tsv", "--pairs", "--format", "ndjson"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["pairs"] == 1
    assert "the first line is taken for a header (good, bad)" in captured.err
    Path("pairs.tsv").write_text("no tab\n", encoding="utf-8")
    assert run(["score", model, "pairs.tsv", "--pairs"]) == 3
    assert "line 1" in capsys.readouterr().err


def test_escapes_in_prompts_and_stops(model, capsys):
    assert run(["generate", "-m", model, "-p", "the sky\\n", "--stop", "\\n", "--max-tokens", "50"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("the sky\n")
    assert out.count("\n") == 2


def test_generate_continues_its_arguments_as_it_does_prompts(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["generate", "-m", model, "--max-tokens", "5"]
    assert run([*arguments, "-p", "the sky\\n", "-p", "the river"]) == 0
    prompted = capsys.readouterr().out
    assert run([*arguments, "the sky\\n", "the river"]) == 0
    assert capsys.readouterr().out == prompted
    assert run([*arguments, "the sky", "-p", "the river"]) == 2
    assert "leave --prompt out" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["some lines", "MODEL"])
def test_generate_takes_no_file_for_a_text(model: str, capsys: pytest.CaptureFixture[str], name: str) -> None:
    Path("some lines").write_text("the sky\n")
    assert run(["generate", "-m", model, name.replace("MODEL", model)]) == 2
    said = capsys.readouterr().err
    assert (f"--model {model}" if name == "MODEL" else "seqcli generate < 'some lines'") in said


@pytest.mark.parametrize("command", ["score", "evaluate"])
def test_a_table_without_a_column_is_remarked_on(model: str, capsys: pytest.CaptureFixture[str], command: str) -> None:
    Path("items.csv").write_text("item,text\n" + "1,the sky is grey\n" * 5)
    assert run([command, model, "items.csv"]) == 0
    assert "the text is a table" in (said := capsys.readouterr().err)
    assert "--column takes a single column: item, text" in said
    Path("plain").write_text("the sky, it is grey\n" * 5)
    for arguments in (["plain"], ["items.csv", "--column", "text"]):
        assert run([command, model, *arguments]) == 0
        assert "table" not in capsys.readouterr().err


def score_rows(capsys, model, *options):
    assert run(["score", model, *options]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_score_keeps_the_columns_of_a_table_of_items(model, capsys):
    Path("items.csv").write_text('item,text,group\n1,"the sky is grey",a\n2,,b\n3,the river,c\n', "utf-8")
    lines = score_rows(capsys, model, "items.csv", "--column", "text")
    assert [(row["item"], row["text"], row["group"]) for row in lines] == [
        ("1", "the sky is grey", "a"), ("2", "", "b"), ("3", "the river", "c"),
    ]  # fmt: skip
    Path("plain.txt").write_text("the sky is grey\n\nthe river\n", "utf-8")
    plain = score_rows(capsys, model, "plain.txt")
    assert [row["log_probability"] for row in lines] == [row["log_probability"] for row in plain]
    words = score_rows(capsys, model, "items.csv", "--column", "2", "--per-word", "--no-line-end")
    assert [(row["item"], row["token"]) for row in words] == [
        ("1", "the"), ("1", "sky"), ("1", "is"), ("1", "grey"), ("3", "the"), ("3", "river"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ("tokens,text\n1,a\n", ["--column", "text"], "has a column 'tokens'"),
        ("a,b\n1,x\n", ["--column", "c"], "choose from a, b"),
        ("a,b\n1,x\n", ["--column", "a", "--pairs"], "--pairs reads lines"),
        ('{"a": 1}\n', ["--column", "a"], "a is no text"),
    ],
)
def test_score_says_what_is_wrong_with_a_table(model, capsys, table, options, message):
    Path("items.txt").write_text(table, "utf-8")
    assert run(["score", model, "items.txt", *options]) in (2, 3)
    assert message in capsys.readouterr().err


def test_score_answers_before_the_input_ends(model):
    command = [sys.executable, "-m", "seqcli", "score", model]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in ("the sky", "the river"):
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            assert process.stdout.readline()  # the header at first
            if line == "the sky":
                assert process.stdout.readline().rstrip().endswith(line)
        process.stdin.close()
        assert process.wait() == 0


def test_token_surprisals_sum_to_the_line(model, capsys):
    Path("lines.txt").write_text("the sky\nthe river is\n", encoding="utf-8")
    assert run(["score", model, "lines.txt", "--format", "ndjson"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert run(["score", model, "lines.txt", "--format", "ndjson", "--per-token"]) == 0
    tokens = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for number, line in enumerate(lines, start=1):
        own = [row["surprisal"] for row in tokens if row["line"] == number]
        assert len(own) == line["tokens"]
        assert -sum(own) == pytest.approx(line["log_probability"])


def test_evaluate(model, capsys):
    assert run(["evaluate", model, "corpus.txt", "--json"]) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert "are unknown" in err
    figures = ["nll_per_token", "perplexity", "bits_per_byte", "bits_per_char"]
    assert list(result) == ["task", "tokens", *figures, "unknown", "perplexity_known"]
    assert result["perplexity"] == pytest.approx(np.exp(result["nll_per_token"]))
    assert run(["evaluate", model, "corpus.txt", "--cache"]) == 0
    rows = dict(list(csv.reader(io.StringIO(capsys.readouterr().out)))[1:])
    assert float(rows["perplexity"]) == pytest.approx(result["perplexity"])
    assert "cache.perplexity" in rows
    Path("other.txt").write_text("the sky is unheard of\n", encoding="utf-8")
    assert run(["evaluate", model, "other.txt"]) == 0
    assert "2 of 6 tokens (33.3%) are unknown" in capsys.readouterr().err


def test_unknown_words_cost_their_spelling_where_it_is_known(model, capsys):
    Path("lines.txt").write_text("the sky is unheard of\n", encoding="utf-8")
    assert run(["score", model, "lines.txt", "--open-vocabulary", "--format", "ndjson"]) == 0
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert run(["evaluate", model, "lines.txt", "--open-vocabulary", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["nll_per_token"] * 6 == pytest.approx(-row["log_probability"], rel=1e-4)
    assert "2 of 6 tokens (33.3%) are unknown: their spelling is in the figures" in err
    good = load_checkpoint(Path(model))
    words = {"words": list("abcdefghijklmnopqrstuvwxyz"[: good.config["vocabulary"] - 2]), "split_wide": False}
    prepared = b'{"kind": "word"}\n' + json.dumps(words).encode()
    save_checkpoint(Path("prepared.safetensors"), dataclasses.replace(good, blobs={"tokenizer": prepared}))
    for command in ("score", "evaluate"):
        assert run([command, "prepared.safetensors", "lines.txt", "--open-vocabulary"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "does not know how unknown words are spelt" in err


def test_info(model, capsys):
    assert run(["info", model, "--json"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["task"] == "lm"
    assert described["parameters"] == sum(int(np.prod(shape)) for shape in described["tensors"].values())
    assert described["tokenizer"]["kind"] == "word"
    assert described["provenance"]["options"] == {"budget": 60.0}
    assert run(["info", model]) == 0
    brief = capsys.readouterr().out
    assert "metrics.history.perplexity,▁ 9.5 → 9.5" in brief
    assert "budget" not in brief
    assert run(["info", model, "-v"]) == 0
    assert "provenance.options.budget,60.0" in capsys.readouterr().out


def test_info_of_a_damaged_file(model, capsys):
    damaged = bytearray(Path(model).read_bytes())
    damaged[-1] ^= 1
    Path(model).write_bytes(damaged)
    assert run(["info", model]) == 4
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "-p", "the", "--max-tokens", "1"],
        ["score", MODEL, "corpus.txt"],
        ["evaluate", MODEL, "short.txt"],
        ["info", MODEL],
    ],
    ids=lambda arguments: arguments[0],
)
def test_using_a_model_imports_neither_torch_nor_pandas(model, arguments):
    Path("short.txt").write_text("the sky is grey\n")
    program = (
        f"import sys\nfrom seqcli.cli.app import run\nassert run({arguments!r}) == 0\n"
        "assert not {'torch', 'pandas'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, env=os.environ)
    assert done.returncode == 0, done.stderr


def test_a_training_whose_messages_nobody_reads_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("".join(f"item number {number}\n" for number in range(60)), encoding="utf-8")
    command = [sys.executable, "-m", "seqcli", "train-lm", "list.txt", "--steps", "3", "--size", "tiny"]
    with subprocess.Popen([*command, "-o", "list.safetensors"], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.close()
        assert process.wait() == 0
    assert run(["generate", "-m", "list.safetensors", "-p", "", "-n", "3"]) == 0


def test_choices_and_vectors_in_place_of_text(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["generate", "-q", "--model", model, "--prompt", "the sky is", "--prompt", "the river is"]
    assert run([*asked, "--choices", " grey, clear"]) == 0
    chosen = capsys.readouterr().out.split("\n")[:-1]
    assert run([*asked, "--choices", " grey", "--choices", " clear", "--format", "ndjson"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["choice"] for record in records] == chosen
    for record in records:
        assert max(record["probabilities"], key=record["probabilities"].get) == record["choice"]
        assert sum(record["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert seqcli.load(model).choose("the sky is", [" grey", " clear"])[0].text == chosen[0]  # type: ignore[union-attr]
    assert run([*asked, "--embed"]) == 0
    vectors = np.array([line.split() for line in capsys.readouterr().out.splitlines()], dtype=float)
    assert vectors.shape == (2, 8)
    expected = seqcli.load(model).embed(["the sky is", "the river is"])  # type: ignore[union-attr]
    np.testing.assert_allclose(vectors, expected, rtol=1e-4, atol=1e-6)
    assert run([*asked, "--choices", "grey"]) == 2
