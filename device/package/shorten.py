#!/usr/bin/env python3
"""shorten.py NAMES PUBLIC OWN COMMON SOURCE... FOLDER: the package with the names that only it uses replaced.

Each name that the firmware does not have itself stands in a board's RAM, for good: some 12 bytes and its
letters (MicroPython's interned strings; a module that is forgotten leaves its names behind). So names that
every firmware has (COMMON) take their place, and after those short ones. One serves for as many as cannot
meet: attributes that no object has both of, names of modules that no module has both of, variables of
different functions. What the firmware (NAMES, but for OWN) or a program on the board (PUBLIC) may mean stays
as it is.
"""

import ast
import itertools
import keyword
import pathlib
import sys

from trees import BUILT_IN, DEFINITIONS, FUNCTIONS, is_constant, words_in

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Of exceptions and asyncio.Event, from which classes of the package inherit.
_FOREIGN = {"args", "value", "clear", "set"}


class Module:
    """What a module defines, brings in and mentions."""

    def __init__(self, path):
        self.name = path.stem
        self.tree = ast.parse(path.read_text(), str(path))
        self.others = set()  # modules and what is of the firmware's
        self.strings = set()
        self.keywords = set()  # of calls
        self.modules = set()  # of the package, as this one names them
        self.imports = {}  # a name that is another module's: that module
        self.globals = set().union(*(bound(node) for node in self.tree.body))
        # MicroPython puts the value in the place of such a name wherever it stands alone in this module.
        constants = [node for node in self.tree.body if is_constant(node)]
        self.constants = {target.id for node in constants for target in node.targets}
        for node in ast.walk(self.tree):
            self._look(node)
        self.globals |= set(self.imports)
        # A module of the firmware may stand for one of the package (keys.py).
        self.attributes = {node.attr for node in ast.walk(self.tree)
                           if isinstance(node, ast.Attribute) and not self.is_module(node.value)}

    def _look(self, node):
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.others.update((alias.asname or alias.name).split("."))
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name
                if not node.level:
                    self.others.update((alias.name, name))
                elif not node.module or alias.name == "backend":  # of that name backend.py has a module
                    self.modules.add(name)
                else:
                    self.imports[name] = node.module
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.strings.add(node.value)
        elif isinstance(node, ast.keyword) and node.arg:
            self.keywords.add(node.arg)
        elif isinstance(node, ast.Global):
            self.globals.update(node.names)

    def classes(self):
        """(name, names of its bases, attributes that it defines)"""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef):
                attributes = set().union(*(bound(inner) for inner in node.body))
                attributes |= {part.attr for part in ast.walk(node) if is_own(part)}
                bases = [base.attr if isinstance(base, ast.Attribute) else base.id for base in node.bases]
                yield node.name, bases, attributes

    def is_module(self, node):
        return isinstance(node, ast.Name) and node.id in self.modules


def is_own(node):
    return (isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name) and node.value.id == "self")


def bound(node):
    """Names that a statement binds where it stands."""
    if isinstance(node, DEFINITIONS):
        return {node.name}
    if isinstance(node, (ast.If, ast.Try)):
        inner = list(ast.iter_child_nodes(node))
        inner += [part for handler in getattr(node, "handlers", []) for part in handler.body]
        return set().union(*(bound(part) for part in inner))
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    return {part.id for part in names if isinstance(part.ctx, ast.Store)}


class Locals:
    """The names that a function and those within it bind, and the others they use."""

    def __init__(self, function):
        self.bound, self.used, self.outer = set(), set(), set()
        for node in ast.walk(function):
            self._look(node, node is function)
        self.bound -= self.outer

    def _look(self, node, is_outermost):
        if isinstance(node, ast.arg):
            self.bound.add(node.arg)
        elif isinstance(node, ast.Name):
            (self.bound if isinstance(node.ctx, ast.Store) else self.used).add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            self.bound.add(node.name)
        elif isinstance(node, DEFINITIONS) and not is_outermost:
            self.bound.add(node.name)
        elif isinstance(node, ast.Global):
            self.outer.update(node.names)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):  # known by the name they have elsewhere
            self.outer.update(alias.asname or alias.name.split(".")[0] for alias in node.names)


class Renamer(ast.NodeTransformer):
    """Of one module, whose tree it changes."""

    def __init__(self, module, attributes, names, short, kept):
        self._module = module
        self._attributes = attributes
        self._globals = names
        self._short = short
        self._kept = kept
        self._locals = None  # within a function: {long: short}
        self._in_class = False

    def _of_name(self, name):
        if self._locals is not None and name in self._locals:
            return self._locals[name]
        return self._globals.get(name, name)

    def _own_names(self, function):
        mine = Locals(function)
        taken = {self._globals.get(name, name) for name in mine.used | mine.outer | self._module.constants}
        taken |= mine.bound & self._kept
        names = (name for name in self._short.names() if name not in taken)
        return {name: name if name in self._kept else next(names) for name in sorted(mine.bound)}

    def _function(self, node):
        outermost = self._locals is None
        if not isinstance(node, ast.Lambda):
            name = node.name
            node.name = self._attributes.get(name, name) if self._in_class else self._of_name(name)
            node.decorator_list = [self.visit(part) for part in node.decorator_list]
        was_in_class, self._in_class = self._in_class, False
        # A default is computed where the function is defined.
        node.args.defaults = [self.visit(part) for part in node.args.defaults]
        node.args.kw_defaults = [part and self.visit(part) for part in node.args.kw_defaults]
        if outermost:
            self._locals = self._own_names(node)
        for part in ast.walk(node.args):
            if isinstance(part, ast.arg):
                part.arg = self._of_name(part.arg)
        node.body = self.visit(node.body) if isinstance(node, ast.Lambda) else self._body(node)
        if outermost:
            self._locals = None
        self._in_class = was_in_class
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function

    def visit_ClassDef(self, node):
        node.name = self._of_name(node.name)
        node.bases = [self.visit(part) for part in node.bases]
        self._in_class = True
        node.body = self._body(node)
        self._in_class = False
        return node

    def _body(self, node):
        return [part for part in map(self.visit, node.body) if part] or [ast.Pass()]

    def visit_Name(self, node):
        if self._in_class and isinstance(node.ctx, ast.Store):
            node.id = self._attributes.get(node.id, node.id)
        else:
            node.id = self._of_name(node.id)
        return node

    def visit_Attribute(self, node):
        names = self._globals if self._module.is_module(node.value) else self._attributes
        node.attr = names.get(node.attr, node.attr)
        return self.generic_visit(node)

    def visit_ExceptHandler(self, node):
        node.name = node.name and self._of_name(node.name)
        return self.generic_visit(node)

    def visit_ImportFrom(self, node):
        if node.level:
            for alias in node.names:
                alias.name = self._globals.get(alias.name, alias.name)
                alias.asname = alias.asname and self._of_name(alias.asname)
        return node

    def visit_Global(self, node):
        node.names = [self._globals.get(name, name) for name in node.names]
        return node

    def visit_Nonlocal(self, node):
        node.names = [self._of_name(name) for name in node.names]
        return node

    def visit_Expr(self, node):
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)  # a docstring: none


class Short:
    """Names to take the places of others: those that every firmware has, and then short ones."""

    def __init__(self, used, common, constants):
        self._used = used
        self._common = common
        self._constants = constants

    def names(self):
        yield from self._common
        for length in 1, 2:
            for letters in itertools.product(_LETTERS, repeat=length):
                name = "".join(letters)
                if name not in self._used and not keyword.iskeyword(name):
                    yield name

    def share(self, kept, places, special, avoided):
        """{long: short} for the names in sets of names: two in one place never become the same, and those in
        one of `special` none of those in the same one of `avoided`."""
        found = {}
        count = {}
        for place in places:
            for name in place:
                count[name] = count.get(name, 0) + 1
        for long in sorted(count, key=lambda name: (-count[name], name)):
            if long in kept or long.startswith("__"):
                continue
            taken = {found.get(other, other) for place in places if long in place for other in place - {long}}
            for names, others in zip(special, avoided):
                taken.update(others if long in names else ())
            found[long] = next(name for name in self._forms(long) if name not in taken)
        return found

    def _forms(self, long):
        # A constant keeps its underscore: MicroPython then keeps no name for it at all.
        prefix = "_" if long.startswith("_") and long in self._constants else ""
        return (prefix + name for name in self.names())


def class_names(modules):
    """What is assigned in the bodies of classes: there a constant's name would be taken for its value."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if not isinstance(inner, DEFINITIONS):
                        yield from bound(inner)


def families(modules):
    """The attributes of each class with those it inherits and those that inherit from it, as sets."""
    found = []
    known = {name for module in modules for name, _, _ in module.classes()}
    for module in modules:
        for name, bases, attributes in module.classes():
            others = set() if set(bases) <= known else _FOREIGN
            found.append(({name}, set(bases), set(attributes) | others))
    joined = True
    while joined:
        joined = False
        for one, other in itertools.combinations(found, 2):
            if one[0] & other[1] or other[0] & one[1] or one[0] & other[0]:
                found.remove(other)
                for mine, its in zip(one, other):
                    mine |= its
                joined = True
                break
    return [attributes for _, _, attributes in found]


def hidden_by(module, kept):
    """Names that mean something else somewhere in a module: built in, or variables that keep their names."""
    inner = {name for node in ast.walk(module.tree) if isinstance(node, FUNCTIONS + (ast.Lambda,))
             for name in Locals(node).bound}
    return BUILT_IN | inner & kept


def main(firmware, public, own, common, *rest):
    *paths, folder = map(pathlib.Path, rest)
    public = set(words_in(public))
    modules = [Module(path) for path in paths]
    strings, keywords, others, constants, attributes = (
        set().union(*(getattr(module, kind) for module in modules))
        for kind in ("strings", "keywords", "others", "constants", "attributes"))
    firmware = set(words_in(firmware)) - set(words_in(own))
    variables = public | keywords
    outer = public | strings | others | {module.name for module in modules} | firmware & attributes
    short = Short(firmware | variables | outer, words_in(common), constants)
    names = short.share(outer, [module.globals for module in modules], [module.globals for module in modules],
                        [hidden_by(module, variables) for module in modules])
    attributes = short.share(firmware | variables | outer, families(modules), [set(class_names(modules))],
                             [set(names.values())])
    for module in modules:
        renamer = Renamer(module, attributes, names, short, variables)
        tree = ast.fix_missing_locations(renamer.visit(module.tree))
        (folder / (module.name + ".py")).write_text(ast.unparse(tree) + "\n")


main(*sys.argv[1:])
