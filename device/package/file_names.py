#!/usr/bin/env python3
"""file_names.py PUBLIC COMMON FOLDER: the modules of the package in FOLDER under names that every firmware has
(COMMON), but for those that are mentioned elsewhere (PUBLIC).

A module's name is in memory for good, as all names are, once by itself and once within its path.
"""

import ast
import pathlib
import sys


def words_in(file):
    """Separated by white space; a line that begins with # is a comment."""
    lines = pathlib.Path(file).read_text().splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


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
    constants = {node.targets[0].id: node for node in tree.body if isinstance(node, ast.Assign)
                 and isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "const"}
    bound = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
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
    paths = {path.stem: path for path in sorted(pathlib.Path(folder).glob("*.py"))}
    trees = {name: ast.parse(path.read_text()) for name, path in paths.items()}
    # What is imported becomes an attribute of the package.
    taken = {node.id for node in ast.walk(trees["__init__"]) if isinstance(node, ast.Name)}
    taken |= {node.name for node in trees["__init__"].body if isinstance(node, ast.FunctionDef)}
    taken |= set(words_in(public))
    free = (word for word in sorted(words_in(common), key=len) if word not in taken and word not in paths)
    names = {name: next(free) for name in paths if name not in words_in(public)}
    rename_in_index(trees["seldom"], names)
    for name, tree in trees.items():
        check_constants(name, tree)
        paths[name].unlink()
        text = ast.unparse(Renamer(names).visit(tree)) + "\n"
        (pathlib.Path(folder) / (names.get(name, name) + ".py")).write_text(text)


main(*sys.argv[1:])
