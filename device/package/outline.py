#!/usr/bin/env python3
"""outline.py COMMON FOLDER HOME...: what the modules HOME only say, into modules of its own, HOME_words.

A fault that is raised and a line for the log are words that most boards never need: the statement that says them becomes a
call of a function which is imported for it.
"""

import ast
import builtins
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

    def __init__(self, name, common):
        self._part = name + "_words"
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
        there = {function.name for function in self._functions}
        name = next(word for word in self._common if word not in self._taken | there | used)
        arguments = ast.arguments([], [ast.arg(each) for each in own], None, [], [], None, [])
        self._functions.append(ast.FunctionDef(name, arguments, [ast.Return(call)], []))
        said = ast.Call(ast.Name(name, ast.Load()), [ast.Name(each, ast.Load()) for each in own], [])
        brought = ast.ImportFrom(self._part, [ast.alias(name)], 1)
        return [brought, ast.Raise(said) if isinstance(node, ast.Raise) else ast.Expr(said)]

    def part(self, home):
        """(its name, its tree)"""
        imports = [ast.ImportFrom(home, [ast.alias(name)], 1) for name in sorted(self._globals)]
        names = {function.name for function in self._functions}
        if names & self._globals:
            sys.exit("%s: %s" % (self._part, names & self._globals))
        return self._part, ast.Module(imports + self._functions, [])


def main(common, folder, *homes):
    folder = pathlib.Path(folder)
    for home in homes:
        path = folder / (home + ".py")
        outliner = Outliner(home, words_in(common))
        tree = outliner.visit(ast.parse(path.read_text()))
        trees = dict([(home, tree), outliner.part(home)])
        for name, tree in trees.items():
            (folder / (name + ".py")).write_text(ast.unparse(ast.fix_missing_locations(tree)) + "\n")


main(*sys.argv[1:])
