#!/usr/bin/env python3
"""outline.py COMMON FOLDER HOME:PART...: what the modules HOME only say, into the modules PART (seldom.py).

A fault that is raised and a line for the log are words that most boards never need: the statement that says
them becomes a call of a function which is imported for it.
"""

import ast
import builtins
import itertools
import pathlib
import sys

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_WORDS = 11  # characters: shorter strings are names to MicroPython
_INNER = _FUNCTIONS + (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Await, ast.Yield)


def words_in(file):
    """Separated by white space; a line that begins with # is a comment."""
    lines = pathlib.Path(file).read_text().splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


def is_spoken(call):
    """Whether it is a call with a text, which can be made anywhere."""
    nodes = list(ast.walk(call))
    return (isinstance(call, ast.Call) and not any(isinstance(node, _INNER) for node in nodes)
            and not any(getattr(node, "id", "") == "super" for node in nodes)
            and any(isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) >= _WORDS
                    for node in nodes))


def bound_in(function):
    names = {part.arg for part in ast.walk(function) if isinstance(part, ast.arg)}
    names |= {part.name for part in ast.walk(function) if isinstance(part, ast.ExceptHandler) and part.name}
    return names | {part.id for part in ast.walk(function) if isinstance(part, ast.Name)
                    and not isinstance(part.ctx, ast.Load)}


class Outliner(ast.NodeTransformer):
    """Of one module."""

    def __init__(self, part, there, common):
        self._part = part
        self._there = there  # names of it, and of the module itself, which may be constants
        self._common = common
        self._functions = []
        self._globals = set()
        self._local = None  # names of the function around

    def _function(self, node):
        if self._local is None:
            self._local = bound_in(node)
            self._taken = set(dir(builtins)) | self._local | {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            node = self.generic_visit(node)
            self._local = None
        return node  # what a function within one binds is its own

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_Raise(self, node):
        return self._said(node, node.exc) if node.exc and is_spoken(node.exc) and not node.cause else node

    def visit_Expr(self, node):
        return self._said(node, node.value) if is_spoken(node.value) else node

    def _said(self, node, call):
        if self._local is None:
            return node
        used = {part.id for part in ast.walk(call) if isinstance(part, ast.Name)}
        own = sorted(used & self._local)
        self._globals |= used - self._local - set(dir(builtins))
        there = self._there | {function.name for function in self._functions}
        name = next(word for word in itertools.chain(self._common, ("f%d" % i for i in itertools.count()))
                    if word not in self._taken | there | used)
        arguments = ast.arguments([], [ast.arg(each) for each in own], None, [], [], None, [])
        self._functions.append(ast.FunctionDef(name, arguments, [ast.Return(call)], []))
        said = ast.Call(ast.Name(name, ast.Load()), [ast.Name(each, ast.Load()) for each in own], [])
        brought = ast.ImportFrom(self._part, [ast.alias(name)], 1)
        return [brought, ast.Raise(said) if isinstance(node, ast.Raise) else ast.Expr(said)]

    def add_to(self, part, home):
        there = names_of(part)
        imports = [ast.ImportFrom(home, [ast.alias(name)], 1) for name in sorted(self._globals - there)]
        names = {function.name for function in self._functions}
        if names & self._globals:
            sys.exit("%s: %s" % (self._part, names & self._globals))
        part.body += imports + self._functions


def names_of(tree):
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {alias.asname or alias.name for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))
              for alias in node.names}
    return names | {node.name for node in tree.body if isinstance(node, _FUNCTIONS)}


def main(common, folder, *pairs):
    paths = {path.stem: path for path in pathlib.Path(folder).glob("*.py")}
    for pair in pairs:
        home, name = pair.split(":")
        tree, part = (ast.parse(paths[each].read_text()) for each in (home, name))
        outliner = Outliner(name, names_of(part) | names_of(tree), words_in(common))
        outliner.visit(tree)
        outliner.add_to(part, home)
        for each, changed in (home, tree), (name, part):
            paths[each].write_text(ast.unparse(ast.fix_missing_locations(changed)) + "\n")


main(*sys.argv[1:])
