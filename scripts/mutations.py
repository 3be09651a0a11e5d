"""What could be wrong in a line? Each answer is one small change to the text of a module.

Left out is what no behaviour is in: docstrings, annotations, what is only for type checkers, texts
of logs and of f-strings, and how an object shows itself.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPARED = {
    ast.Lt: ("<=", ">="), ast.LtE: ("<", ">"), ast.Gt: (">=", "<="), ast.GtE: (">", "<"),
    ast.Eq: ("!=",), ast.NotEq: ("==",), ast.Is: ("is not",), ast.IsNot: ("is",),
    ast.In: ("not in",), ast.NotIn: ("in",),
}  # fmt: skip
CALCULATED = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.FloorDiv: "*", ast.Mod: "*", ast.Pow: "*",
    ast.BitOr: "&", ast.BitAnd: "|",
}  # fmt: skip
CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}
LOGS = re.compile(r"(self\.)?_?(logger|log|logging)\.|warnings\.warn\b|cast\b|TypeVar\b")
SHOWN = {"__repr__", "__str__"}

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Mutation:
    """A change of a text, between two bytes; the lines are those of its statement."""

    first: int
    last: int
    begin: int
    end: int
    new: str
    inside: str  # the class or function that it is in
    runs_on_import: bool
    names: tuple[str, ...]  # what the statement gives a value to, if so

    def applied(self, text: bytes) -> bytes:
        """Make the change."""
        return text[: self.begin] + self.new.encode() + text[self.end :]


def mutations(text: bytes) -> list[Mutation]:
    """List all changes; some of them may not `fit`."""
    return list(dict.fromkeys(_Finder(text).walk(ast.parse(text), ())))


def fits(one: Mutation, text: bytes) -> bool:
    """Say whether a text can still be read after a change, and means something else."""
    try:
        return ast.dump(ast.parse(one.applied(text))) != ast.dump(ast.parse(text))
    except SyntaxError:
        return False


def _is_left_alone(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Call(func=called) | ast.Expr(value=ast.Call(func=called)):
            return LOGS.match(ast.unparse(called)) is not None
        case ast.If(test=test):
            return ast.unparse(test) in {"TYPE_CHECKING", "__name__ == '__main__'"}
        case ast.FunctionDef(name=name):
            return name in SHOWN
        case _:
            return False


class _Finder:
    def __init__(self, text: bytes) -> None:
        self.text = text
        self.starts = [0]
        for line in text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def span(self, node: ast.AST) -> tuple[int, int]:
        place = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
        return self.starts[place[0] - 1] + place[1], self.starts[place[2] - 1] + place[3]

    def walk(self, node: ast.AST, above: tuple[ast.AST, ...]) -> Iterator[Mutation]:
        if _is_left_alone(node):
            return
        for begin, end, new in self.changes(node):
            yield self.mutation(begin, end, new, (*above, node))
        for child in self.children(node):
            yield from self.walk(child, (*above, node))

    def mutation(self, begin: int, end: int, new: str, path: tuple[ast.AST, ...]) -> Mutation:
        statement = [one for one in path if isinstance(one, ast.stmt)][-1]
        blocks = [one for one in path if isinstance(one, (*FUNCTIONS, ast.ClassDef))]
        runs_on_import = not any(isinstance(one, FUNCTIONS) for one in blocks)
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        named = (one for each in filter(None, targets) for one in ast.walk(each))
        names = tuple(one.id for one in named if isinstance(one, ast.Name)) * runs_on_import
        body = getattr(statement, "body", None)
        last = body[0].lineno - 1 if isinstance(body, list) else statement.end_lineno or 0
        lines = statement.lineno, max(last, statement.lineno)
        inside = blocks[-1].name if blocks else ""
        return Mutation(*lines, begin, end, new, inside, runs_on_import, names)

    @staticmethod
    def children(node: ast.AST) -> Iterator[ast.AST]:
        for name, value in ast.iter_fields(node):
            if name not in {"annotation", "returns", "decorator_list"}:
                for one in value if isinstance(value, list) else [value]:
                    if isinstance(one, ast.AST):
                        yield one

    def changes(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        make = getattr(self, f"in_{type(node).__name__.lower()}", None)
        if make is not None:
            yield from make(node)

    def between(
        self, left: ast.AST, right: ast.AST, pattern: str, new: str
    ) -> Iterator[tuple[int, int, str]]:
        """Change a word between two parts."""
        begin, end = self.span(left)[1], self.span(right)[0]
        if found := re.search(pattern.encode(), self.text[begin:end]):
            yield begin + found.start(), begin + found.end(), new

    def whole(self, node: ast.AST, *news: str) -> Iterator[tuple[int, int, str]]:
        for new in news:
            yield (*self.span(node), new)

    def source(self, node: ast.AST) -> str:
        begin, end = self.span(node)
        return self.text[begin:end].decode()

    def in_compare(self, node: ast.Compare) -> Iterator[tuple[int, int, str]]:
        parts = [node.left, *node.comparators]
        for left, op, right in zip(parts, node.ops, parts[1:], strict=False):
            for new in COMPARED[type(op)]:
                yield from self.between(left, right, r"is\s+not|not\s+in|is|in|[<>=!]+", new)

    def in_boolop(self, node: ast.BoolOp) -> Iterator[tuple[int, int, str]]:
        for left, right in pairwise(node.values):
            yield from self.between(
                left, right, r"\b(and|or)\b", "or" if isinstance(node.op, ast.And) else "and"
            )
        yield from self.without(node.values)

    def without(self, parts: list[ast.expr]) -> Iterator[tuple[int, int, str]]:
        """Leave one of several parts out."""
        for one, following in pairwise(parts):
            yield self.span(one)[0], self.span(following)[0], ""
        if len(parts) > 1:
            yield self.span(parts[-2])[1], self.span(parts[-1])[1], ""

    def in_unaryop(self, node: ast.UnaryOp) -> Iterator[tuple[int, int, str]]:
        yield self.span(node)[0], self.span(node.operand)[0], ""

    def in_binop(self, node: ast.BinOp) -> Iterator[tuple[int, int, str]]:
        if new := CALCULATED.get(type(node.op)):
            yield from self.between(node.left, node.right, r"[-+*/%|&]+", new)

    def in_augassign(self, node: ast.AugAssign) -> Iterator[tuple[int, int, str]]:
        if new := CALCULATED.get(type(node.op)):
            yield from self.between(node.target, node.value, r"[-+*/%|&]+=", f"{new}=")
        yield from self.between(node.target, node.value, r"[-+*/%|&]+=", "=")

    def in_constant(self, node: ast.Constant) -> Iterator[tuple[int, int, str]]:
        match node.value:
            case bool(value):
                yield from self.whole(node, str(not value))
            case int(value) | float(value):
                yield from self.whole(node, repr(value + 1), repr(value - 1))
            case str(value) | bytes(value) if value:
                yield from self.whole(node, repr(type(value)()).replace("'", '"'))
            case _:
                pass

    def in_if(self, node: ast.If | ast.IfExp) -> Iterator[tuple[int, int, str]]:
        yield from self.whole(node.test, "True", "False")

    in_ifexp = in_if

    def in_while(self, node: ast.While) -> Iterator[tuple[int, int, str]]:
        yield from self.whole(node.test, "False")

    def in_comprehension(self, node: ast.comprehension) -> Iterator[tuple[int, int, str]]:
        for one in node.ifs:
            yield from self.whole(one, "True")

    def in_return(self, node: ast.Return) -> Iterator[tuple[int, int, str]]:
        if node.value is not None:
            yield from self.whole(node.value, "None")

    def in_raise(self, node: ast.Raise) -> Iterator[tuple[int, int, str]]:
        yield from self.whole(node, "pass")

    def in_break(self, node: ast.Break) -> Iterator[tuple[int, int, str]]:
        yield from self.whole(node, "continue")

    def in_continue(self, node: ast.Continue) -> Iterator[tuple[int, int, str]]:
        yield from self.whole(node, "break")

    def in_expr(self, node: ast.Expr) -> Iterator[tuple[int, int, str]]:
        """Leave a call out that is made for what it does, or a `yield`."""
        yield from self.whole(node, "pass")

    def in_slice(self, node: ast.Slice) -> Iterator[tuple[int, int, str]]:
        for one in filter(None, (node.lower, node.upper)):
            yield from self.whole(one, "")

    def in_excepthandler(self, node: ast.ExceptHandler) -> Iterator[tuple[int, int, str]]:
        if isinstance(node.type, ast.Tuple):
            yield from self.without(node.type.elts)

    def in_call(self, node: ast.Call) -> Iterator[tuple[int, int, str]]:
        if isinstance(node.func, ast.Name) and node.func.id in CALLED:
            yield from self.whole(node.func, CALLED[node.func.id])
        if len(node.args) > 1 and not any(isinstance(one, ast.Starred) for one in node.args[:2]):
            one, other = node.args[:2]
            between = self.text[self.span(one)[1] : self.span(other)[0]].decode()
            new = self.source(other) + between + self.source(one)
            yield self.span(one)[0], self.span(other)[1], new
        for keyword in node.keywords:
            before = max(
                [
                    self.span(one)[1]
                    for one in (*node.args, *node.keywords)
                    if self.span(one)[1] <= self.span(keyword)[0]
                ],
                default=None,
            )
            begin, end = self.span(keyword)
            yield (begin, end, "") if before is None else (before, end, "")
