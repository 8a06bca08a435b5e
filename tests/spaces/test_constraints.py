from __future__ import annotations

import pytest

from spaces import Categorical, Constant, Constraint, Domain, Float, Integer, SpaceError

CONFIG = {
    "a": 3,
    "b": 0.5,
    "model.width": 64,
    "opt": "sgd",
    "bn": True,
    "clip": None,
    "layers": (64, 64),
    "batch-size": 8,
    "größe": 1,
}


@pytest.mark.parametrize(
    "text",
    [
        "a < 4",
        "1 < a <= 3 < 4",
        "a + 2 * b == 4",
        "(a + 2) * b == 2.5",
        "-a ** 2 == -9",
        "2 ** -1 == b",
        "2 ** 3 ** 2 == 512",
        "model.width * a <= 16384",
        "model.width // 10 == 6 and model.width % 10 == 4",
        "opt == 'sgd' or a > 100",
        'opt in ["sgd", "adam",]',
        "opt not in ['adam']",
        "not a > 4",
        "not not bn",
        "bn and not (a == 4)",
        "clip == none",
        "clip != 3 and bn == True and bn != 1",
        "min(a, b, 1) == 0.5 and max(a, b) == 3",
        "abs(-a) == 3 and sqrt(16) == 4 and floor(2.7) == 2 and ceil(2.1) == 3",
        "log(exp(1)) == 1",
        "1e3 == 1000 and .5 == b and 5. == 5",
        "'abc' < 'abd'",
        "+a == 3",
        "8 / 4 / 2 == 1 and 8 - 4 - 2 == 2 and 7 // 2 * 2 == 6 and 2 * 7 % 4 == 2",
        "not bn or a < 4 and a > 2",
        "`batch-size` == 8 and `a` == 3 and größe < 2",
        "a == 3.0",
    ],
)
def test_it_holds(text: str) -> None:
    assert Constraint(text).holds(CONFIG)
    assert not Constraint(f"not ({text})").holds(CONFIG)


@pytest.mark.parametrize(
    "text",
    [
        "1 / (a - 3) > 0",
        "log(a - 3) < 1",
        "a % (a - 3) == 0",
        "exp(a * 1000) > 1",
        "(0 - a) ** b > 0",
        "((a ** 64) ** 8) ** 8 > 1",
        "0 ** -1 == 1",
    ],
)
def test_what_is_undefined_does_not_hold(text: str) -> None:
    assert not Constraint(text).holds(CONFIG)


def test_it_holds_where_one_of_its_parameters_is_not_active() -> None:
    constraint = Constraint("momentum < 0.5 and a > 100")
    assert constraint.names == ("momentum", "a")
    assert constraint.holds({"a": 3})
    assert not constraint.holds({"a": 3, "momentum": 0.1})


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "expected a value, a name or '(', got the end"),
        ("a <", 4, "got the end"),
        ("a <= (b", 8, "expected ')', got the end"),
        ("a <= b)", 7, "expected an operator or the end, got ')'"),
        ("a b", 3, "expected an operator or the end, got 'b'"),
        ("a = 3", 3, "'=' is not an operator, write '=='"),
        ("a && b", 3, "write 'and', 'or', 'not'"),
        ("a < 3x", 5, "not a number: '3x'"),
        ("`a < 3", 1, "without its closing backquote"),
        ("a == 'sgd", 6, "without its closing quote"),
        ("a < lgo(b)", 5, "unknown function 'lgo' (did you mean log"),
        ("min(a) < 3", 1, "min takes 2 to 16 arguments, got 1"),
        ("sqrt(a, b) < 3", 1, "sqrt takes 1 arguments, got 2"),
        ("a in [1, 2", 11, "expected ']', got the end"),
        ("a in []", 7, "got ']'"),
        ("a not 3", 7, "expected 'in', got '3'"),
        ("a and and b", 7, "the word 'and'"),
        ("a.b.__class__ < 3 ;", 19, "has no meaning here: ';'"),
        ("a[0] < 3", 2, "got '['"),
        ("open('x') == 1", 1, "unknown function 'open'"),
        ("a.x(3) == 1", 1, "unknown function 'a.x'"),
        ("a < 1e999", 5, "too large for a float"),
        ("a < " + "1" * 101, 5, "more than 100 digits"),
        ("(" * 40 + "a" + ")" * 40 + " > 1", 33, "nested deeper than 32"),
        ("a" + " + a" * 300 + " > 1", None, "more than 400 words and signs"),
        ("a < " + " " * 2000, None, "may have 2000 characters"),
    ],
)
def test_what_does_not_read_is_refused_with_its_column(text: str, column: int | None, says: str) -> None:
    with pytest.raises(SpaceError) as refused:
        Constraint(text)
    assert says in str(refused.value)
    assert column is None or refused.value.column == column


def test_only_text_is_a_constraint() -> None:
    with pytest.raises(SpaceError, match="must be text, got 3"):
        Constraint(3)  # type: ignore[arg-type]


DOMAINS: dict[str, list[Domain]] = {
    "a": [Integer(1, 9)],
    "b": [Float(0, 1)],
    "opt": [Categorical(["sgd", "adam"])],
    "bn": [Categorical([True, False])],
    "clip": [Categorical([None, 1.0, 2.0])],
    "k": [Constant("x"), Integer(1, 3)],
}


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("a < widht", 5, "unknown parameter 'widht'"),
        ("a + otp > 1", 5, "unknown parameter 'otp' (did you mean opt"),
        ("opt > 3", 5, "> needs two numbers or two strings, got the string 'sgd' and the number 3"),
        ("opt + 1 > 3", 5, "+ needs a number, got the string 'sgd'"),
        ("bn + 1 > 3", 4, "+ needs a number, got the truth True"),
        ("a and bn", 3, "and needs a truth, got the number"),
        ("not a", 1, "not needs a truth"),
        ("a + b", 3, "must be true or false, got the number"),
        ("'x'", 1, "must be true or false, got the string 'x'"),
        ("clip < 3", 6, "got the none None and the number 3"),
        ("a in b", 3, "in needs a list"),
        ("k > 2", 3, "got the string 'x'"),
    ],
)
def test_what_does_not_fit_the_space_is_refused_with_its_column(text: str, column: int, says: str) -> None:
    with pytest.raises(SpaceError) as refused:
        Constraint(text).check(DOMAINS)
    assert says in str(refused.value)
    assert refused.value.column == column


@pytest.mark.parametrize(
    "text", ["clip == none or clip < 3", "opt == 'sgd' and a > 3", "bn", "k == 'x' or k > 2", "a in [1, 2]"]
)
def test_what_fits_the_space_passes(text: str) -> None:
    Constraint(text).check(DOMAINS)


def test_a_kind_met_only_at_run_time_is_an_error_not_a_verdict() -> None:
    with pytest.raises(SpaceError, match="needs two numbers"):
        Constraint("a < 3").holds({"a": "text"})


def test_equality_is_of_text() -> None:
    assert Constraint("a < 3") == Constraint("a < 3") != Constraint("a  < 3")
    assert len({Constraint("a < 3"), Constraint("a < 3")}) == 1
