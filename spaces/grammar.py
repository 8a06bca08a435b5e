"""The grammar of constraints: text to an expression tree by recursive descent. Nothing is ever evaluated as Python.

expression := conjunction ("or" conjunction)*
conjunction := negation ("and" negation)*
negation := "not" negation | comparison
comparison := sum (("<" | "<=" | ">" | ">=" | "==" | "!=") sum | ["not"] "in" (items | sum))*
sum := product (("+" | "-") product)*
product := sign (("*" | "/" | "//" | "%") sign)*
sign := ("-" | "+") sign | power
power := atom ["**" sign]
atom := number | string | true | false | none | name | "`" any name "`" | function "(" sum ("," sum)* ")" | "(" expression ")"
items := "[" expression ("," expression)* [","] "]"
"""

from __future__ import annotations

import re
from typing import NamedTuple

from spaces import expression as tree
from spaces.errors import SpaceError, nearest
from spaces.expression import FUNCTIONS, Expression

__all__ = ["parse"]

_LONGEST = 2000  # characters
_MOST = 400  # tokens: bounds the height of the tree, and so the recursion over it
_DEEPEST = 32  # nested levels
_WORDS = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "none": None,
    "None": None,
    "null": None,
}
_RESERVED = {"and", "or", "not", "in", *_WORDS}
_TOKEN = re.compile(
    r"""(?P<number>([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?(?![\w.]))
      | (?P<string>'[^'\\]*'|"[^"\\]*")
      | (?P<quoted>`[^`]+`)
      | (?P<name>[^\W\d]\w*(\.\w+)*)
      | (?P<sign>\*\*|//|<=|>=|==|!=|[-+*/%<>()\[\],])""",
    re.VERBOSE,
)


class _Token(NamedTuple):
    kind: str
    text: str
    column: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else repr(self.text)


def parse(text: str) -> Expression:
    """The tree of a constraint's text.

    Raises:
        SpaceError: not in the grammar, or beyond a cap (2000 characters, 400 tokens, 32 levels); with `column`.
    """
    if not isinstance(text, str):
        raise SpaceError(f"a constraint must be text, got {text!r}")
    if len(text) > _LONGEST:
        raise SpaceError(
            f"a constraint may have {_LONGEST} characters, got {len(text)}: split it", column=_LONGEST
        )
    return _Parser(_tokens(text)).whole()


def _tokens(text: str) -> list[_Token]:
    tokens = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise _refused(_why_unreadable(text[place:]), place + 1)
        tokens.append(_Token(match.lastgroup, match.group(), place + 1))
        place = match.end()
        if len(tokens) > _MOST:
            raise _refused(f"more than {_MOST} words and signs: split the constraint", place)
    return [*tokens, _Token("end", "", len(text) + 1)]


def _why_unreadable(rest: str) -> str:
    if rest[0] == "`":
        return "a name without its closing backquote"
    if rest[0] in "'\"":
        return "a string without its closing quote (and without backslashes)"
    if rest[0] == "=":
        return "'=' is not an operator, write '=='"
    if rest[0] in "&|!":
        return f"{rest[0]!r} is not an operator, write 'and', 'or', 'not'"
    if rest[0].isdigit() or rest[0] == ".":
        return f"not a number: {rest.split()[0]!r}"
    return f"a character that has no meaning here: {rest[0]!r}"


def _refused(why: str, column: int) -> SpaceError:
    return SpaceError(f"{why}, at column {column}", column=column)


class _Parser:
    """One pass over the tokens; each method reads one rule of the grammar."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def whole(self) -> Expression:
        result = self._expression()
        if self._now.kind != "end":
            raise _refused(f"expected an operator or the end, got {self._now}", self._now.column)
        return result

    @property
    def _now(self) -> _Token:
        return self._tokens[self._place]

    def _take(self, *texts: str) -> _Token | None:
        """The present token if it is one of these signs or words, else nothing."""
        token = self._now
        if token.kind in ("sign", "name") and token.text in texts:
            self._place += 1
            return token
        return None

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise _refused(f"expected {text!r}, got {self._now}", self._now.column)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _refused(f"nested deeper than {_DEEPEST}", self._now.column)

    def _expression(self) -> Expression:
        self._deeper()
        left = self._conjunction()
        while token := self._take("or"):
            left = tree.Logic(token.column, "or", left, self._conjunction())
        self._depth -= 1
        return left

    def _conjunction(self) -> Expression:
        left = self._negation()
        while token := self._take("and"):
            left = tree.Logic(token.column, "and", left, self._negation())
        return left

    def _negation(self) -> Expression:
        if token := self._take("not"):
            self._deeper()
            operand = self._negation()
            self._depth -= 1
            return tree.Not(token.column, operand)
        return self._comparison()

    def _comparison(self) -> Expression:
        start = self._now.column
        operands = [self._sum()]
        ops: list[str] = []
        while token := self._take("<", "<=", ">", ">=", "==", "!=", "in", "not"):
            op = token.text
            if op == "not":
                self._need("in")
                op = "not in"
            start = start if ops else token.column
            ops.append(op)
            inside = op.endswith("in") and self._take("[")
            operands.append(self._items() if inside else self._sum())
        return tree.Comparison(start, tuple(ops), tuple(operands)) if ops else operands[0]

    def _items(self) -> Expression:
        column = self._now.column
        items = [self._expression()]
        while self._take(","):
            if self._now.text == "]":
                break
            items.append(self._expression())
        self._need("]")
        return tree.Items(column, tuple(items))

    def _sum(self) -> Expression:
        left = self._product()
        while token := self._take("+", "-"):
            left = tree.Arithmetic(token.column, token.text, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._sign()
        while token := self._take("*", "/", "//", "%"):
            left = tree.Arithmetic(token.column, token.text, left, self._sign())
        return left

    def _sign(self) -> Expression:
        token = self._take("-", "+")
        if token is None:
            return self._power()
        self._deeper()
        operand = self._sign()
        self._depth -= 1
        return tree.Negative(token.column, operand) if token.text == "-" else operand

    def _power(self) -> Expression:
        base = self._atom()
        if token := self._take("**"):
            self._deeper()
            exponent = self._sign()
            self._depth -= 1
            return tree.Arithmetic(token.column, "**", base, exponent)
        return base

    def _atom(self) -> Expression:
        token = self._now
        if self._take("("):
            inner = self._expression()
            self._need(")")
            return inner
        if token.kind not in ("number", "string", "name", "quoted"):
            raise _refused(f"expected a value, a name or '(', got {token}", token.column)
        if token.text in _RESERVED - _WORDS.keys():
            raise _refused(f"expected a value, a name or '(', got the word {token}", token.column)
        self._place += 1
        if token.kind == "number":
            return tree.Literal_(token.column, _number(token))
        if token.kind == "string":
            return tree.Literal_(token.column, token.text[1:-1])
        if token.kind == "quoted":
            return tree.Name(token.column, token.text[1:-1])
        if self._now.text == "(":
            return self._call(token)
        if token.text in _WORDS:
            return tree.Literal_(token.column, _WORDS[token.text])
        return tree.Name(token.column, token.text)

    def _call(self, name: _Token) -> Expression:
        if name.text not in FUNCTIONS:
            raise _refused(f"unknown function {name}{nearest(name.text, FUNCTIONS)}", name.column)
        self._need("(")
        self._deeper()
        arguments = [self._sum()]
        while self._take(","):
            arguments.append(self._sum())
        self._need(")")
        self._depth -= 1
        _, fewest, most = FUNCTIONS[name.text]
        if not fewest <= len(arguments) <= most:
            span = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise _refused(f"{name.text} takes {span} arguments, got {len(arguments)}", name.column)
        return tree.Call(name.column, name.text, tuple(arguments))


def _number(token: _Token) -> int | float:
    if token.text.isdigit():
        if len(token.text) > 100:
            raise _refused("a whole number of more than 100 digits", token.column)
        return int(token.text)
    number = float(token.text)
    if number == float("inf"):
        raise _refused(f"a number too large for a float: {token}", token.column)
    return number
