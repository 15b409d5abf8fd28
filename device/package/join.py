#!/usr/bin/env python3
"""join.py SOURCE_FOLDER FOLDER: the package with the modules that are used together joined into one each.

A module of its own costs a board some 300 bytes of RAM: its dictionary, what it imports from its neighbours,
and its names, which stay when the module itself is forgotten.
"""

import ast
import pathlib
import sys

# In the order in which they can be executed.
_JOINED = {
    # What a connection lives on (countersign/memory.py); stock is its half for firmware without _countersign.
    "core": ("errors", "memory", "uptime", "files", "identity", "clock", "backoff", "link", "subscription",
             "connection", "backend", "lifecycle", "client"),
    "stock": ("mqtt", "session", "python"),
    # For the moment of need.
    "joining": ("config", "wifi"),
    "connecting": ("tcp", "transport", "dialling", "leaving"),
    "records": ("slices", "sealed", "counter"),
    "slots": ("slot_files", "slots"),
    "looking": ("rest", "timekeeping"),
    "certificates": ("dates", "x509"),
    "curve": ("p256", "ecdsa"),
    "making": ("entropy", "making"),
    "detour": ("birth", "detour"),
    "commands": ("reporting", "commands"),
    "upkeep": ("due", "upkeep"),
    "starting_again": ("restarting", "once"),
}
_JOINED_OF = {part: joined for joined, parts in _JOINED.items() for part in parts}
# What programs import by itself is in sys.modules under its own name as well; to its other parts core is
# `errors`.
_CORE = """
import sys
errors = sys.modules["countersign.core"]
for part in "errors", "client":
    sys.modules["countersign." + part] = errors
"""
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def is_bound(node):
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def definitions(tree):
    """The names that a module defines itself."""
    names = set()
    for node in tree.body:
        if isinstance(node, _DEFINITIONS):
            names.add(node.name)
        else:
            names |= {part.id for part in ast.walk(node) if is_bound(part)}
    return names


def modules_of(tree):
    """As a module names them: modules of the package."""
    return {alias.asname or alias.name: alias.name for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.level and not node.module for alias in node.names}


def hidden(tree):
    """(module, name) for each name of another module that a function uses beside a variable of the same
    name."""
    modules = modules_of(tree)
    for function in ast.walk(tree):
        if isinstance(function, _DEFINITIONS[:2]):
            own = {n.arg for n in ast.walk(function) if isinstance(n, ast.arg)}
            own |= {n.id for n in ast.walk(function) if is_bound(n)}
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    if node.value.id in modules and node.attr in own:
                        yield modules[node.value.id], node.attr


class Package:
    def __init__(self, folder):
        paths = sorted(folder.glob("*.py"))
        self.trees = {path.stem: ast.parse(path.read_text(), str(path)) for path in paths}
        self.defined = {name: definitions(tree) for name, tree in self.trees.items()}
        self._hidden = {found for tree in self.trees.values() for found in hidden(tree)}

    def name_of(self, module, name):
        """A name that a module defines, as it is in the module into which that one is joined, where several
        parts may define it, or a function that uses it may have a variable of that name."""
        others = [part for part in _JOINED.get(_JOINED_OF.get(module), ()) if part != module]
        if others and name in self.defined[module] and not name.startswith("__") and (
                (module, name) in self._hidden or any(name in self.defined[other] for other in others)):
            return "%s_%s" % (name, module.upper() if name.isupper() else module)
        return name

    def joined(self):
        """{name: source}"""
        found = {}
        for name, tree in self.trees.items():
            if name not in _JOINED_OF:
                found[name] = ast.Module(Part(self, name, tree).body(), [])
        for joined, parts in _JOINED.items():
            body = ast.parse({"core": _CORE}.get(joined, "from . import errors")).body
            for part in parts:
                body += Part(self, part, self.trees[part]).body()
            found[joined] = ast.Module(body, [])
        found["__init__"].body.insert(0, ast.parse("from . import core").body[0])
        return {name: ast.unparse(ast.fix_missing_locations(tree)) + "\n" for name, tree in found.items()}


def check_imports(package):
    """A name that one part has from elsewhere must not be another thing for one of its fellows."""
    for joined, parts in _JOINED.items():
        meant = {}
        for part in parts:
            imports = [(node.module, alias.name, alias.asname or alias.name)
                       for node in package.trees[part].body
                       if isinstance(node, ast.ImportFrom) and node.level and node.module
                       for alias in node.names]
            found = {own: (module, name) for module, name, own in imports}
            found.update({name: (part, name) for name in package.defined[part]
                          if package.name_of(part, name) == name})
            for name, what in found.items():
                if meant.setdefault(name, what) != what:
                    sys.exit("%s: %s is %s.%s and %s.%s" % ((joined, name) + meant[name] + what))


class Part(ast.NodeTransformer):
    """One module as a part of another: what it has from its fellows it has already."""

    def __init__(self, package, name, tree):
        self._package = package
        self._name = name
        self._tree = tree
        self._fellows = _JOINED.get(_JOINED_OF.get(name), ())
        self._modules = modules_of(tree)

    def body(self):
        return [node for node in map(self.visit, self._tree.body) if node]

    def visit_ImportFrom(self, node):
        if not node.level:
            return node
        if not node.module:
            return self._import_of_modules(node)
        for alias in node.names:
            name = self._package.name_of(node.module, alias.name)
            if name != alias.name:
                alias.name, alias.asname = name, alias.asname or alias.name
        if node.module in self._fellows:
            return self._import_of_fellow(node)
        node.module = _JOINED_OF.get(node.module, node.module)
        return node

    def _import_of_fellow(self, node):
        """Only other names for what is there."""
        renamed = [alias for alias in node.names if alias.asname and alias.asname != alias.name]
        return [ast.parse("%s = %s" % (alias.asname, alias.name)).body[0] for alias in renamed] or None

    def _import_of_modules(self, node):
        kept = []
        for alias in node.names:
            if alias.name not in self._fellows and alias.name != "errors":
                joined = _JOINED_OF.get(alias.name, alias.name)
                same = joined == alias.name
                kept.append(ast.alias(joined, alias.asname if same else alias.asname or alias.name))
            elif alias.name == "errors" and self._name not in _JOINED_OF:
                kept.append(alias)
        node.names = kept
        return node if kept else None

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name) and node.value.id in self._modules:
            part = self._modules[node.value.id]
            name = self._package.name_of(part, node.attr)
            # The kinds of errors are made when they are first named: they are no definitions.
            if part in self._fellows and node.attr in self._package.defined[part]:
                return ast.copy_location(ast.Name(name, node.ctx), node)
            node.attr = name
        return self.generic_visit(node)

    def visit_Name(self, node):
        node.id = self._package.name_of(self._name, node.id)
        return node

    def _definition(self, node):
        if node in self._tree.body:
            node.name = self._package.name_of(self._name, node.name)
        return self.generic_visit(node)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _definition

    def visit_Global(self, node):
        node.names = [self._package.name_of(self._name, name) for name in node.names]
        return node


def main(source, folder):
    package = Package(pathlib.Path(source))
    check_imports(package)
    for name, text in package.joined().items():
        (pathlib.Path(folder) / (name + ".py")).write_text(text)


main(*sys.argv[1:])
