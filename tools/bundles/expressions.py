"""The expressions a bundle's configuration may hold: numbers, lists, arithmetic, comparison, and references.

The text is parsed and walked; nothing is evaluated by Python. What is not on the list is an error that names it.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any


class Refused(ValueError):
    """A configuration asks for what is not allowed."""


_BINARY: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip
_UNARY: Mapping[type[ast.AST], Callable[[Any], Any]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_,
}
_COMPARE: Mapping[type[ast.AST], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip
_CALLS: Mapping[str, Callable[..., Any]] = {
    "int": int, "float": float, "bool": bool, "len": len, "min": min, "max": max, "abs": abs, "tuple": tuple,
    "list": list, "round": round,
}  # fmt: skip
_TORCH = ("float32", "float16", "bfloat16", "float64", "int64", "int32", "uint8", "long", "float")
MOST_CHARACTERS = 500
MOST_ITEMS = 10_000
"""Longer lists or texts than any configuration needs: an expression cannot be used to fill the memory."""
_MARK = "_reference_"


def value_of(text: str, look_up: Callable[[str], Any]) -> Any:
    """Return what an expression (without its ``$``) says.

    Args:
        text: e.g. ``[96, 96, 32 * 2]`` or ``@channels + 1``.
        look_up: returns the value of a reference, given without its ``@``.

    Raises:
        Refused: it holds what is not on the list.
    """
    names: list[str] = []
    tree = _parsed(text, names)
    return _Walk(names, look_up, text).value(tree)


def _parsed(text: str, names: list[str]) -> ast.expr:
    if len(text) > MOST_CHARACTERS:
        raise Refused(f"an expression of {len(text)} characters; at most {MOST_CHARACTERS} are read")
    try:
        return ast.parse(_named(text, names), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Refused(f"the expression {text[:60]!r} is not one of numbers, lists and references") from error


def refuse_unlisted(text: str) -> list[str]:
    """Return the references that an expression (without its ``$``) holds. Raises Refused as `value_of` would.

    Nothing is looked up and nothing is computed: only the kinds of its parts are held to the list.
    """
    names: list[str] = []
    tree = _parsed(text, names)
    walk = _Walk(names, lambda name: None, text)
    nodes = list(ast.walk(tree))
    if not any(isinstance(node, ast.IfExp) for node in nodes):  # what is not chosen may be anything
        for node in nodes:
            walk.check(node)
    return names


def _named(text: str, names: list[str]) -> str:
    """Replace each reference by a name that Python's parser takes, and note it."""
    import re

    def put(found: re.Match[str]) -> str:
        names.append(found.group(1))
        return f"{_MARK}{len(names) - 1}"

    return re.sub(r"@([A-Za-z_][\w]*(?:(?:::|#)\w+)*)", put, text)


class _Walk:
    def __init__(self, names: list[str], look_up: Callable[[str], Any], text: str) -> None:
        self._names, self._look_up, self._text = names, look_up, text

    def value(self, node: ast.AST) -> Any:
        """Return a node's value. Raises Refused."""
        found = getattr(self, f"_{type(node).__name__.lower()}", None)
        if found is None:
            raise self._refused(type(node).__name__)
        try:
            return found(node)
        except Refused:
            raise
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise Refused(f"the expression {self._text[:60]!r} has no value ({error})") from error

    def check(self, node: ast.AST) -> None:
        """Raise Refused when a node is of a kind that has no value here, whatever stands in it."""
        if isinstance(node, ast.Call):
            self._act(node)
        elif isinstance(node, ast.Attribute):
            self._dtype(node)
        elif isinstance(node, ast.Name):
            if not node.id.startswith(_MARK) and node.id not in (*_CALLS, "torch"):
                raise self._refused(f"the name {node.id!r}")
        elif isinstance(node, ast.expr) and not hasattr(self, f"_{type(node).__name__.lower()}"):
            raise self._refused(type(node).__name__)

    def _refused(self, what: str) -> Refused:
        return Refused(f"the expression {self._text[:60]!r} holds {what}, which is not run here")

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        if node.id.startswith(_MARK):
            return self._look_up(self._names[int(node.id.removeprefix(_MARK))])
        raise self._refused(f"the name {node.id!r}")

    def _attribute(self, node: ast.Attribute) -> Any:
        import torch

        return getattr(torch, self._dtype(node))

    def _dtype(self, node: ast.Attribute) -> str:
        if isinstance(node.value, ast.Name) and node.value.id == "torch" and node.attr in _TORCH:
            return node.attr
        raise self._refused(f"the attribute {node.attr!r}")

    def _list(self, node: ast.List) -> list[Any]:
        return [self.value(part) for part in node.elts]

    def _tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(self.value(part) for part in node.elts)

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        if any(key is None for key in node.keys):
            raise self._refused("an unpacked dictionary")
        return {self.value(key): self.value(v) for key, v in zip(node.keys, node.values, strict=True) if key}

    def _binop(self, node: ast.BinOp) -> Any:
        act = _BINARY.get(type(node.op))
        if act is None:
            raise self._refused(type(node.op).__name__)
        left, right = self.value(node.left), self.value(node.right)
        for many, times in ((left, right), (right, left)):
            if hasattr(many, "__len__") and isinstance(times, int) and len(many) * times > MOST_ITEMS:
                raise self._refused("a list repeated very often")
        return act(left, right)

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        act = _UNARY.get(type(node.op))
        if act is None:
            raise self._refused(type(node.op).__name__)
        return act(self.value(node.operand))

    def _compare(self, node: ast.Compare) -> bool:
        left = self.value(node.left)
        for how, part in zip(node.ops, node.comparators, strict=True):
            act, right = _COMPARE.get(type(how)), self.value(part)
            if act is None:
                raise self._refused(type(how).__name__)
            if not act(left, right):
                return False
            left = right
        return True

    def _boolop(self, node: ast.BoolOp) -> Any:
        values = [self.value(part) for part in node.values]
        return all(values) if isinstance(node.op, ast.And) else any(values)

    def _ifexp(self, node: ast.IfExp) -> Any:
        return self.value(node.body) if self.value(node.test) else self.value(node.orelse)

    def _subscript(self, node: ast.Subscript) -> Any:
        if isinstance(node.slice, ast.Slice):
            raise self._refused("a slice")
        return self.value(node.value)[self.value(node.slice)]

    def _call(self, node: ast.Call) -> Any:
        act = self._act(node)
        return act(*(self.value(part) for part in node.args))

    def _act(self, node: ast.Call) -> Callable[..., Any]:
        act = _CALLS.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if act is None or node.keywords:
            raise self._refused(f"a call of {ast.unparse(node.func)[:40]!r}")
        return act
