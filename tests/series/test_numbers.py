"""Numbers as people write them."""

import numpy as np
import pytest

from seqcli.series.marks import missing_code
from seqcli.series.numbers import read_numbers


def german(value, digits=2):
    return f"{value:,.{digits}f}".replace(",", "_").replace(".", ",").replace("_", ".")


VALUES = [1200.0, 1305.5, 1389.9, 987.25, 2450.1, 2535.0]


@pytest.mark.parametrize(
    ("write", "delimiter"),
    [
        (lambda v: f"{v:.2f}", ","),
        (lambda v: f"{v:,.2f}", ","),
        (lambda v: f"${v:,.2f}", ","),
        (lambda v: f"USD {v:,.2f}", ","),
        (lambda v: f"Rs. {v:,.2f}", ","),
        (lambda v: f"R {v:,.2f}", ","),
        (lambda v: f"Rs.{v:,.2f}/-", ","),
        (lambda v: f"{v:.2f}元", ","),
        (german, ";"),
        (lambda v: f"{german(v)} €", ";"),
        (lambda v: f"R$ {german(v)}", ";"),
        (lambda v: f"{v:.2f} zł".replace(".", ","), ";"),
        (lambda v: f"{v:.3f}".replace(".", ","), ";"),
        (lambda v: f"{v:,.2f}".replace(",", "'"), ","),
        (lambda v: f"{v:,.2f}".replace(",", " ").replace(".", ","), ";"),
        (lambda v: f"{v:,.2f}".replace(",", "\u202f").replace(".", ","), ";"),
        (lambda v: f"{v:,.2f}".replace(",", "\xa0").replace(".", ","), ";"),
        (lambda v: f"'{v:.2f}", ","),
        (lambda v: f'="{v:.2f}"', ","),
        (lambda v: f"{v:.6e}", ","),
        (lambda v: f"{v:08.2f}", ","),
        (lambda v: f"+{v:.2f}", ","),
        (lambda v: f"{v / 1000:.6f}K", ","),
        (lambda v: f"{v / 10000:.8f}万", ","),
        (lambda v: f"{v:.2f} kWh", ","),
        (lambda v: f"{v:.2f} p" if v > 2000 else f"{v:.2f}", ","),
        (lambda v: f"{v:.2f}[1]" if v > 2000 else f"{v:.2f}", ","),
        (lambda v: f"{v:.2f} %".replace(".", ","), ";"),
    ],
)
def test_a_number_in_any_style_is_that_number(write, delimiter):
    numbers = read_numbers([write(value) for value in VALUES], delimiter=delimiter)
    assert numbers is not None
    assert not numbers.problem
    assert numbers.bad == ()
    np.testing.assert_allclose(numbers.values, VALUES, rtol=1e-9)


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["700", "845", "1.001", "1.355"], [700, 845, 1001, 1355]),  # 987 beside 1.001 shows what the point is
        (["9870", "2535", "12.345", "10.001"], [9870, 2535, 12345, 10001]),  # Spain separates five digits and more
        (["0,845", "0,123"], [0.845, 0.123]),
        (["1.234.567", "987"], [1234567, 987]),
        (["12,34,567.5", "1,000.5"], [1234567.5, 1000.5]),
        (["123.4-", "1035.00"], [-123.4, 1035]),
        (["(1,234.50)", "2,535.00"], [-1234.5, 2535]),
        (["-$1.5", "$-2.5", "($3.5)", "$4"], [-1.5, -2.5, -3.5, 4]),
        (["−12.5", "3"], [-12.5, 3]),
        (["2_535", "1_200"], [2535, 1200]),
        (["２５３５", "٣"], [2535, 3]),
        (["True", "false"], [1, 0]),
        (["<1", "127"], [0.5, 127]),
        (["–1200.5", "3"], [-1200.5, 3]),
        (["1305¹", "987²"], [1305, 987]),
        (["1,5 m³", "2,5 m³"], [1.5, 2.5]),
        (["1.2万元", "3元"], [12000, 3]),
        (["\u200b1200", "\u200e3"], [1200, 3]),
        (["١٢٫٥"], [12.5]),
    ],
)
def test_signs_groups_and_marks(texts, values):
    numbers = read_numbers(texts, delimiter=";")
    assert numbers is not None
    assert numbers.values.tolist() == values


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["12,-", "7,50", "1.250,-"], [12, 7.5, 1250]),
        (["Fr. 12.–", "Fr. 7.50", "-Fr. 1'250.--"], [12, 7.5, -1250]),
        (["$ -", "$5.50", "($3.25)"], [0, 5.5, -3.25]),
        (["▲1,250.5", "980.0"], [-1250.5, 980]),
        (["▲1.5 %", "▼0.5 %"], [1.5, -0.5]),
        (["1.2×10^3", "4.5 x 10^2", "7.5·10⁻²"], [1200, 450, 0.075]),
        (["1.234D+03", "4.5D+02"], [1234, 450]),
        (["1,234E+03", "4,567E+02"], [1234, 456.7]),
        (["S/ 1,250.50", "S/ 980.00"], [1250.5, 980]),
        (["NT$1,250", "NT$980"], [1250, 980]),
        (["B/.83", "B/.1,250"], [83, 1250]),
        (["U$S 1250,5", "U$S 980,0"], [1250.5, 980]),
        (["€30.000", "€4.500"], [30_000, 4500]),  # money has no three decimals
        (["3000 ± 30", "2500 ± 10"], [3000, 2500]),
        (["12,5 (11,0–13,6)", "9,5 (8,0 to 9,9)"], [12.5, 9.5]),
        (["=3000", "=25"], [3000, 25]),
    ],
)
def test_prices_signs_and_powers(texts, values):
    numbers = read_numbers(texts, delimiter=";")
    assert numbers is not None
    assert not numbers.problem
    np.testing.assert_allclose(numbers.values, values, rtol=1e-12)


@pytest.mark.parametrize("flag", [" b", "b", " B", " p", "(u)", " ep", "*", " bp"])
def test_letters_after_some_of_the_numbers_are_flags(flag):
    numbers = read_numbers([f"2535.5{flag}", "2450.1", "1389.9", "1200.5"])
    assert numbers.values.tolist() == [2535.5, 2450.1, 1389.9, 1200.5]


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("12.5 Mio.;1.2 Mrd.", [12.5e6, 1.2e9]),
        ("12.5 millones;980", [12.5e6, 980]),
        ("1.5 mil;2.5 milhões", [1500, 2.5e6]),
        ("12.5万;1.2億", [125_000, 1.2e8]),
        ("12.5 тыс.;1.2 млн", [12_500, 1.2e6]),
        ("12.5 lakh;1.2 crore", [1_250_000, 12_000_000]),
        ("12.5 L;1.2 Cr", [1_250_000, 12_000_000]),
        ("950M;1.2B", [950e6, 1.2e9]),
        ("$34.5m;$1.2m", [34.5e6, 1.2e6]),
        ("34.5 m;1.2 m", [34.5, 1.2]),  # metres
        ("34.5 mm;1.2 mm", [34.5, 1.2]),
    ],
)
def test_scales_in_words(words, values):
    np.testing.assert_allclose(read_numbers(words.split(";")).values, values, rtol=1e-12)


@pytest.mark.parametrize("texts", [["12.5 Cr", "980.5"], ["12.5 CR", "980.5 DR"], ["12.5 mil", "980"]])
def test_a_word_that_may_be_a_sign_or_a_scale_is_no_number(texts):
    numbers = read_numbers([*texts, "1", "2", "3", "4"])
    assert numbers is None or numbers.bad


@pytest.mark.parametrize(("cell", "told"), [("2.535", "--thousands ."), ("2,535", "--decimal ,")])
def test_what_a_sign_was_taken_for_is_said_where_nothing_tells(cell, told):
    assert told in read_numbers([cell, cell.replace("2", "3")], delimiter="\t").notes[0]


def test_a_letter_is_a_scale_only_where_the_sizes_bear_it_out():
    assert read_numbers(["2.1", "3.3 M", "2.2", "2.4", "2.6", "2.7"]).bad == (1,)
    assert read_numbers(["950", "1.2K", "3M"]).values.tolist() == [950, 1200, 3e6]
    assert read_numbers(["950000", "1.2M"]).values.tolist() == [950000, 1.2e6]
    assert read_numbers(["$0", "$2.1B", "$950M"]).values.tolist() == [0, 2.1e9, 950e6]
    assert read_numbers(["2535.0 b", "2600.0", "2650.0 p", "3 (1)", "4 est."]).values.tolist() == [
        2535,
        2600,
        2650,
        3,
        4,
    ]


@pytest.mark.parametrize("mark", ["¹", "[1]", " (2)", " 1)", "①"])
def test_footnotes_after_numbers_are_left_aside_and_said(mark):
    found = read_numbers(["120.5", f"131.25{mark}", "1250"])
    assert found.values.tolist() == [120.5, 131.25, 1250.0]
    assert any(mark.strip() in note for note in found.notes)


def test_units_with_raised_digits_are_no_footnotes():
    assert read_numbers(["120.5 m²", "131.25 m²"]).notes == ()


def test_a_flag_after_a_value_of_fixed_width_is_no_decimal():
    numbers = read_numbers(["+0100,1", "-0021,1", "+9999,9"])
    assert numbers.values[:2].tolist() == [100, -21]
    assert np.isnan(numbers.values[2])
    assert "flag" in numbers.notes[0]


def test_a_sign_that_may_mean_two_things_is_a_tie():
    assert read_numbers(["1.234", "2.345"], delimiter=";").problem
    assert read_numbers(["1.234,5", "1,234.5"], delimiter=";").problem
    assert not read_numbers(["1.234", "2.345"], delimiter=",").problem
    assert read_numbers(["1.234", "2.345"], decimal=",", delimiter=";").values.tolist() == [1234, 2345]
    assert read_numbers(["1.234", "2.345"], thousands=".", delimiter=";").values.tolist() == [1234, 2345]


@pytest.mark.parametrize("texts", [["12 %", "0.13"], ["$5", "6", "€7"], ["USD 5", "EUR 7"]])
def test_units_that_differ_are_a_problem(texts):
    assert "another unit" in read_numbers(texts).problem[1]
    assert read_numbers(["12 %", "0", "13 %"]).problem is None
    assert read_numbers(["$5", "6"]).problem is None


@pytest.mark.parametrize(
    "mark",
    [
        "",
        ":",
        "***",
        "n.a.",
        "..",
        "#N/A",
        "NULL",
        "\\N",
        "k.A.",
        "(x)",
        "–",
        "-",
        "c",
        "#DIV/0!",
        "#¡VALOR!",
        "#ДЕЛ/0!",
        "#NV",
        "#####",
        "Err:502",
        "1.#QNAN",
        "-1,#IND",
        "-nan(ind)",
    ],
)
def test_marks_for_missing_values(mark):
    numbers = read_numbers(["2535.0", mark, "1.0"])
    assert np.isnan(numbers.values).tolist() == [False, True, False]
    assert numbers.bad == ()


@pytest.mark.parametrize("texts", [["GROCERY I", "A 1"], ["12 Main St", "13 High St"], ["2020-01-05", "2020-01-06"]])
def test_words_and_dates_are_no_numbers(texts):
    assert read_numbers(texts) is None


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([*VALUES, -9999, -9999], -9999),
        ([*VALUES, -9999], -9999),
        ([*VALUES, -999.99, -999.99], -999.99),
        ([2.1, 3.3, 2.2, 5, 6, -200, -200], -200),
        ([*VALUES, 9999, 9999], 9999),
        ([*VALUES, -888, -888], -888),
        ([*VALUES, -32768, -32768], -32768),
        ([*VALUES, 1e30], 1e30),
        (VALUES, None),
        ([1, 2, 3, -1, 2, 3, 4, 5, -1], None),  # a balance
        ([0.0, 0.0, 0.0, 999_999_999.0, 999_999_999.0], None),
        ([5, 6, 7, 99, 8, 99, 5, 4, 3], None),
    ],
)
def test_codes_for_missing_values(values, code):
    assert missing_code(np.array(values, float)) == code


@pytest.mark.parametrize(
    ("texts", "note"),
    [
        (["123,4567", "98,7654"], "decimal comma"),
        (["12 kEUR", "9 kEUR"], "kEUR are left"),
        (["12 ± 3", "9 ± 1"], "± 3"),
    ],
)
def test_what_is_left_as_it_is_is_said(texts, note):
    assert any(note in line for line in read_numbers(texts, delimiter=";").notes)


def test_a_sign_before_a_power_is_that_of_decimals():
    assert read_numbers(["7,65E+04", "1,20E+03"], delimiter=";").values.tolist() == [76500, 1200]


def test_thousands_that_are_separated_only_sometimes_are_a_tie():
    assert read_numbers(["5.515", "2535", "1.402", "1733", "1699", "2.210", "1811"]).tie
    assert not read_numbers(["1.234", "25355"]).tie


def test_a_column_of_one_large_number_has_no_code_for_missing_values():
    assert missing_code(np.full(5, 1e15)) is None
