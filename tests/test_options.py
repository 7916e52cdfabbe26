"""Options: declared once, checked wherever they come from, and known to be given or not."""

from __future__ import annotations

import importlib
import math
import pickle
from collections.abc import Iterator
from dataclasses import MISSING, dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqcli.cli.app import COMMANDS
from seqcli.errors import NAMED_OTHERWISE, UsageError, as_arguments
from seqcli.forecasting.options import ForecastRequest
from seqcli.language.options import GenerateRequest
from seqcli.language.options import TrainRequest as LanguageRequest
from seqcli.model.cells import CELLS
from seqcli.options import Request, declarations, option, parse_duration, required, settled
from seqcli.training.request import RunRequest
from seqcli.translation.options import TrainRequest as TranslationRequest
from seqcli.translation.options import TranslateRequest

REQUESTS = (LanguageRequest, TranslationRequest)


@dataclass(frozen=True, kw_only=True)
class Wish(Request):
    files: tuple[str, ...] = required("Files.", kind="file", positional=True)
    layers: int | None = option(None, "Layers.", least=1, most=10)
    share: float = option(0.5, "Share.", below=1)
    rate: float = option(0.1, "Rate.", above=0, most=5)
    time: float | None = option(None, "Time.", parse=parse_duration, above=0, most=1e6)
    word: str = option("a", "Word.", choices=("a", "b"))
    flag: bool = option(False, "Flag.")
    place: Path | None = option(None, "Place.")


def test_values_take_the_type_of_their_field() -> None:
    wish = Wish(files=Path("x"), time="1h30m", share=0, place="y")  # type: ignore[arg-type]
    assert (wish.files, wish.time, wish.share, wish.place) == (("x",), 5400.0, 0.0, Path("y"))
    assert isinstance(wish.share, float)
    assert str(Wish(files=("x",), share=-0.0).share) == "0.0"
    assert Wish(files=["a", Path("b")]).files == ("a", "b")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        *({"layers": value} for value in (0, 11, -1, 2**63, 1.5, "3", True)),
        *({"share": value} for value in (-0.1, 1, math.nan, math.inf, "x")),
        *({"rate": value} for value in (0, 5.1, 10**400, -math.inf)),
        *({"time": value} for value in ("soon", "0s", 0, -1, "9" * 30)),
        *({"word": value} for value in ("c", 1)),
        *({"flag": value} for value in ("yes", 1)),
        {"place": 3},
    ],
    ids=str,
)
def test_values_that_cannot_be_are_refused_by_the_name_of_their_option(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"--{next(iter(wrong))}"):
        Wish(files=("x",), **wrong)


def requests() -> list[type[Request]]:
    """The requests of all tasks, commands and verbs."""
    for name in ("language", "translation", "tagging", "speech", "forecasting"):
        importlib.import_module(f"seqcli.{name}.options")
    for name in COMMANDS:
        importlib.import_module(f"seqcli.cli.{name.partition('-')[0]}")
    importlib.import_module("seqcli.serving.verbs")

    def below(kind: type[Request]) -> Iterator[type[Request]]:
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    return [kind for kind in dict.fromkeys(below(Request)) if not kind.__module__.startswith("tests")]


ANYTHING = [
    *(-1, 0, 1, 2**31, 2**63, 10**400, 1e308, -0.0, math.nan, math.inf, True, 1j, Fraction(1, 3), Decimal("1e999")),
    *("", "text", "\0", "\ud800", "1,2", "nan", "9" * 9000, b"x", Path("x"), None, [], [None], [[1]], {}, {"a": 1}),
    *(np.int64(3), np.float32("nan"), np.array(1), np.array([1, 2]), object(), len, int, range(3), iter([1]), ...),
]


@pytest.mark.parametrize("request_", requests(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_whatever_is_given_is_taken_or_refused_in_a_few_words(request_: type[Request]) -> None:
    declared = declarations(request_)
    needed = {name: "x" for name, found in declared.items() if found.default is MISSING}
    said = []
    for name in declared:
        for value in ANYTHING:
            try:
                request_(**{**needed, name: value})
            except UsageError as problem:
                said.append(problem.message)
    assert max(map(len, said)) < 250


def test_numbers_of_numpy_are_numbers() -> None:
    asked = ForecastRequest(season=np.int64(12), levels=np.array([80, 95]), horizon=np.int32(3))
    assert (asked.season, asked.levels, asked.horizon) == (12, (80.0, 95.0), 3)


def test_what_was_given_is_known_whatever_its_value() -> None:
    wish = Wish(files=("x",), share=0.5, layers=None)
    assert wish.given == {"files", "share"}
    filled = settled(wish, layers=3, share=0.7)
    assert (filled.given, filled.layers, filled.share) == (wish.given, 3, 0.7)
    assert pickle.loads(pickle.dumps(filled)).given == wish.given
    assert wish == Wish(files=("x",))


def test_none_stands_for_what_was_not_given() -> None:
    assert Wish(files=("x",), word=None).word == "a"  # type: ignore[arg-type]


@pytest.mark.parametrize("request_", REQUESTS)
def test_every_number_has_bounds_and_every_option_a_help(request_: type[RunRequest]) -> None:
    for declared in declarations(request_).values():
        option = declared.option
        assert option.help.endswith("."), declared.name
        assert option.help[0].isupper(), declared.name
        if declared.type in (int, float):
            for value in (-1, 10**30, math.inf, math.nan):
                wanted: dict[str, Any] = {declared.name: value}
                with pytest.raises(UsageError, match=declared.flag):
                    request_(**{"corpus" if request_ is LanguageRequest else "pairs": ("x",)}, **wanted)


@pytest.mark.parametrize("request_", REQUESTS)
def test_every_cell_can_be_asked_for(request_: type[RunRequest]) -> None:
    assert declarations(request_)["cell"].option.choices == CELLS


def test_python_names_every_option_that_the_command_line_calls_otherwise() -> None:
    renamed = {
        declared.flag.removeprefix("--"): name
        for request in (ForecastRequest, GenerateRequest, TranslateRequest, *REQUESTS)
        for name, declared in declarations(request).items()
        if declared.flag != "--" + name.replace("_", "-")
    }
    assert renamed == NAMED_OTHERWISE
    assert as_arguments("--level is not --max-tokens") == "levels is not max_tokens"


@pytest.mark.parametrize("request_", requests(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_python_is_told_the_argument_of_every_flag(request_: type[Request]) -> None:
    for name, declared in declarations(request_).items():
        assert as_arguments(declared.flag) == name
        off = declared.flag_for(False)
        assert as_arguments(off) == (name if off == declared.flag else f"{name}=False")


def test_an_option_that_there_is_not_is_named_with_one_that_is_like_it() -> None:
    with pytest.raises(TypeError, match="unknown option 'temprature'; did you mean 'temperature'"):
        GenerateRequest(temprature=1.0)  # type: ignore[call-arg]


@pytest.mark.parametrize("name", ["cls", "self", "unnamed"])
def test_an_unknown_option_may_have_any_name(name: str) -> None:
    with pytest.raises(TypeError, match=f"unknown option '{name}'"):
        GenerateRequest(**{name: 1})
