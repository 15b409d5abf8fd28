"""What the steps of the package's build share: lists of words, and questions to a module's tree."""

import ast
import builtins
import itertools
import pathlib

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = FUNCTIONS + (ast.ClassDef,)
BUILT_IN = frozenset(dir(builtins))


def words_in(file):
    """Separated by white space; a line that begins with # is a comment."""
    lines = pathlib.Path(file).read_text().splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


def read(folder):
    """{module: tree}"""
    return {path.stem: ast.parse(path.read_text()) for path in sorted(pathlib.Path(folder).glob("*.py"))}


def write(folder, trees):
    """They are all that is there then."""
    for path in pathlib.Path(folder).glob("*.py"):
        path.unlink()
    for name, tree in trees.items():
        text = ast.unparse(ast.fix_missing_locations(tree))
        (pathlib.Path(folder) / (name + ".py")).write_text(text + "\n")


def free_names(common, taken):
    """Names that every firmware has, and others when these do not suffice. `taken` may grow meanwhile."""
    for name in itertools.chain(common, ("f%d" % i for i in itertools.count())):
        if name not in taken:
            yield name


def names(node):
    return [part for part in ast.walk(node) if isinstance(part, ast.Name)]


def loaded(node):
    return {name.id for name in names(node) if isinstance(name.ctx, ast.Load)}


def bound_in(function):
    """Its variables."""
    found = {part.arg for part in ast.walk(function) if isinstance(part, ast.arg)}
    found |= {part.name for part in ast.walk(function) if isinstance(part, ast.ExceptHandler) and part.name}
    return found | {name.id for name in names(function) if not isinstance(name.ctx, ast.Load)}


def bound_by(node):
    """What a statement at the top of a module defines or brings in."""
    if isinstance(node, DEFINITIONS):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name for alias in node.names}
    if isinstance(node, ast.Try):
        inner = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.stmt)]
        return set().union(*map(bound_by, inner))
    return {name.id for name in names(node) if isinstance(name.ctx, ast.Store)}


def methods_in(node):
    return {inner.name for inner in node.body if isinstance(inner, FUNCTIONS)}


def is_constant(node):
    return (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            and getattr(node.value.func, "id", "") == "const")


def import_from(module, name):
    return ast.ImportFrom(module, [ast.alias(name)], 1)
