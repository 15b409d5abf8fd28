#!/usr/bin/env python3
"""file_names.py PUBLIC COMMON FOLDER: the modules of the package in FOLDER under names that every firmware
has (COMMON), but for those that are mentioned elsewhere (PUBLIC).

A module's name is in memory for good, as all names are, once by itself and once within its path.
"""

import ast
import sys

from trees import FUNCTIONS, free_names, is_constant, names, read, words_in, write


class Renamer(ast.NodeTransformer):
    def __init__(self, names):
        self._names = names

    def visit_ImportFrom(self, node):
        if node.level and node.module:
            node.module = self._names.get(node.module, node.module)
        elif node.level:
            for alias in node.names:
                if alias.name in self._names:
                    alias.name, alias.asname = self._names[alias.name], alias.asname or alias.name
        return node


def rename_in_index(tree, names):
    """Where methods are (seldom.py): lines "CLASS PART METHOD=NAME..."."""
    for home in next(node.value for node in tree.body if isinstance(node, ast.Assign)).elts:
        lines = [line.split(" ") for line in home.elts[1].value.split("\n")]
        for line in lines:
            line[1:2] = [names.get(part, part) for part in line[1:2]]
        home.elts[1].value = "\n".join(" ".join(line) for line in lines)


def check_constants(name, tree):
    """MicroPython puts its value wherever a constant's name stands: it must be nothing else in its module."""
    constants = [node.targets[0].id for node in tree.body if is_constant(node)]
    bound = [node.name for node in tree.body if isinstance(node, FUNCTIONS)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.append(node.id)
        elif isinstance(node, ast.arg):
            bound.append(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound += [alias.asname or alias.name for alias in node.names]
    twice = [each for each in constants if bound.count(each) != 1]
    if twice:
        sys.exit("%s: %s are constants and something else" % (name, ", ".join(twice)))


def main(public, common, folder):
    trees = read(folder)
    # What is imported becomes an attribute of the package.
    taken = {name.id for name in names(trees["__init__"])} | set(words_in(public)) | set(trees)
    taken |= {node.name for node in trees["__init__"].body if isinstance(node, FUNCTIONS)}
    free = free_names(sorted(words_in(common), key=len), taken)
    new = {name: next(free) for name in trees if name not in words_in(public)}
    rename_in_index(trees["seldom"], new)
    for name, tree in trees.items():
        check_constants(name, tree)
    write(folder, {new.get(name, name): Renamer(new).visit(tree) for name, tree in trees.items()})


main(*sys.argv[1:])
