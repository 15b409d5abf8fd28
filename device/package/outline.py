#!/usr/bin/env python3
"""outline.py COMMON FOLDER HOME:PART...: what the modules HOME only say, into the modules PART (seldom.py).

A fault that is raised and a line for the log are words that most boards never need: the statement that says
them becomes a call of a function which is imported for it.
"""

import ast
import sys

from trees import (BUILT_IN, FUNCTIONS, bound_by, bound_in, free_names, import_from, names, read, words_in,
                   write)

_WORDS = 11  # characters: shorter strings are names to MicroPython
_INNER = FUNCTIONS + (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Await,
                      ast.Yield)


def is_spoken(call):
    """Whether it is a call with a text, which can be made anywhere."""
    nodes = list(ast.walk(call))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return (isinstance(call, ast.Call) and not any(isinstance(node, _INNER) for node in nodes)
            and "super" not in {name.id for name in names(call)}
            and any(len(text) >= _WORDS for text in texts))


def names_of(tree):
    return {name.id for name in names(tree)}.union(*map(bound_by, tree.body))


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
            self._taken = BUILT_IN | self._local | {name.id for name in names(node)}
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
        used = {name.id for name in names(call)}
        own = sorted(used & self._local)
        self._globals |= used - self._local - BUILT_IN
        there = self._there | {function.name for function in self._functions}
        name = next(free_names(self._common, self._taken | there | used))
        arguments = ast.arguments([], [ast.arg(each) for each in own], None, [], [], None, [])
        self._functions.append(ast.FunctionDef(name, arguments, [ast.Return(call)], []))
        said = ast.Call(ast.Name(name, ast.Load()), [ast.Name(each, ast.Load()) for each in own], [])
        statement = ast.Raise(said) if isinstance(node, ast.Raise) else ast.Expr(said)
        return [import_from(self._part, name), statement]

    def add_to(self, part, home):
        imports = [import_from(home, name) for name in sorted(self._globals - names_of(part))]
        if {function.name for function in self._functions} & self._globals:
            sys.exit("%s: two things of one name" % self._part)
        part.body += imports + self._functions


def main(common, folder, *pairs):
    trees = read(folder)
    for pair in pairs:
        home, part = pair.split(":")
        there = names_of(trees[part]) | names_of(trees[home])
        outliner = Outliner(part, there, words_in(common))
        trees[home] = outliner.visit(trees[home])
        outliner.add_to(trees[part], home)
    write(folder, trees)


main(*sys.argv[1:])
