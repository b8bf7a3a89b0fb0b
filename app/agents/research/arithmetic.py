"""Arithmetic as a sentence shows it, "25.9% = $21,213 million ÷ $81,797 million", read and verified."""

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, DivisionByZero, InvalidOperation

from app.knowledge.figures import Figure, find_figures, match_figure

SIGNS = {" + ": " plus ", " - ": " minus ", " * ": " × ", " / ": " ÷ "}
"""Operators and how a sentence has them: a dash between two figures would read as a range."""
CONSTANTS = frozenset(map(Decimal, (2, 3, 4, 5, 12, 100, 360, 365)))
EQUATION = re.compile(r"(?P<result>[^=:;]+?) = (?P<expression>[^=\[\]]+)")
_OPERATORS: Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True, kw_only=True)
class Equation:
    """A figure and the figures it is said to follow from; `holds` when it does, at its own precision."""

    result: Figure
    operands: tuple[Figure, ...]
    holds: bool


def evaluate(expression: str, values: Mapping[str, Decimal]) -> Decimal | None:
    """Return the value of an expression of names and numbers with + - * / and parentheses; None when it has none."""
    try:
        return _value(ast.parse(expression.strip(), mode="eval").body, values)
    except (SyntaxError, KeyError, TypeError, DivisionByZero, InvalidOperation):
        return None


def find_equations(text: str) -> list[Equation]:
    """Return the equations of a sentence."""
    found = (_read(match["result"], match["expression"]) for match in EQUATION.finditer(text))
    return [equation for equation in found if equation]


def list_proven(text: str, held: Sequence[Figure]) -> set[str]:
    """Return the figures of a text, as shown, that follow by its own equations from figures that are held."""
    proven: set[str] = set()
    for equation in find_equations(text):
        loose = [f for f in equation.operands if not match_figure(f, held)]
        if equation.holds and all(f.value in CONSTANTS and f.kind != "currency" for f in loose):
            proven |= {equation.result.text, *(f.text for f in loose)}
    return proven


def show_expression(expression: str, shown: Mapping[str, str]) -> str:
    """Return an expression as a sentence shows it, names replaced by what they stand for."""
    for sign, words in SIGNS.items():
        expression = expression.replace(sign, words)
    return re.sub(r"q\d+", lambda name: shown[name[0]], expression)


def _read(result: str, expression: str) -> Equation | None:
    results, operands = find_figures(result), find_figures(expression)
    named, values = expression, {}
    for number, figure in reversed(list(enumerate(operands))):
        named = f"{named[: figure.start]} v{number} {named[figure.end :]}"
        values[f"v{number}"] = figure.value
    for sign, words in SIGNS.items():
        named = named.replace(words.strip(), sign)
    cut = re.match(r"[\sv\d()+*/-]*", named)
    value = evaluate(cut[0] if cut else "", values)
    if not results or value is None:
        return None
    return Equation(result=results[-1], operands=tuple(operands), holds=_is(results[-1], value))


def _is(result: Figure, value: Decimal) -> bool:
    exact = value * 100 if result.kind == "percent" else value
    return abs(abs(exact) - abs(result.value)) <= result.precision / 2


def round_half_up(value: Decimal, step: Decimal) -> Decimal:
    """Return a value at a precision."""
    return value.quantize(step, ROUND_HALF_UP)


def _value(node: ast.expr, values: Mapping[str, Decimal]) -> Decimal:
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left, values), _value(node.right, values))
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return Decimal(node.value)
    raise TypeError(node)


def list_names(expression: str) -> list[str]:
    """Return the sub-questions an expression is made of, each once."""
    return list(dict.fromkeys(re.findall(r"q\d+", expression)))


def shift_names(expression: str, by: int) -> str:
    """Return an expression with its sub-questions numbered on: "q2 / q3" by 1 is "q3 / q4"."""
    return re.sub(r"q(\d+)", lambda name: f"q{int(name[1]) + by}", expression)


def scales(expression: str, names: Iterable[str]) -> bool:
    """Tell whether an expression grows with its terms, as a sum of money does and a ratio of money does not."""
    mine = list(names)
    small = evaluate(expression, {name: Decimal(number + 2) for number, name in enumerate(mine)})
    large = evaluate(expression, {name: Decimal(number + 2) * 1000 for number, name in enumerate(mine)})
    return small is not None and large is not None and bool(small) and abs(large / small - 1000) < 1
