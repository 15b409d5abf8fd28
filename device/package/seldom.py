#!/usr/bin/env python3
"""seldom.py mark LIST FOLDER      marks, in the joined package, what LIST says is seldom called;
seldom.py move COMMON FOLDER    moves what is marked, once the names are short, into modules of its own.

Those modules are imported when something of them is called, and forgotten with all others that a connection
does not live on (countersign/memory.py). A method is found by its class's __getattr__: a class with such
methods gets a base class for it. A function is imported where it is used.
"""

import ast
import pathlib
import sys

from trees import (BUILT_IN, FUNCTIONS, bound_by, bound_in, free_names, import_from, is_constant, loaded,
                   methods_in, names, read, words_in, write)

_MARK = "_seldom_"
# The base class, in core. An instance is initialized by a method that may be elsewhere, too.
_BASE = """
class Seldom:
    def __init__(self, *args, **named):
        self.__getattr__("__init__")(*args, **named)

    def __getattr__(self, name):
        from .seldom import FIND
        return FIND(self, name)
"""
# The module `seldom`: where the methods are, as lines "CLASS PART METHOD=NAME METHOD=NAME... ", NAME being
# empty when it is the same. One string a module: each word by itself would stay in memory.
_FIND = """
import sys

list = %s

def FIND(self, name):
    kind = type(self)
    wanted = " %%s=" %% name
    while kind:
        for home, lines in list:
            if kind.__module__ == "countersign." + home:
                line = "\\n%%s " %% kind.__name__
                start = lines.find(line)
                while start >= 0:
                    start += len(line)
                    end = lines.find("\\n", start)
                    at = lines.find(wanted, start, end)
                    if at >= 0:
                        at += len(wanted)
                        part = "countersign." + lines[start:lines.find(" ", start)]
                        __import__(part)
                        function = getattr(sys.modules[part], lines[at:lines.find(" ", at)] or name)
                        return lambda *args, **named: function(self, *args, **named)
                    start = lines.find(line, end)
        kind = kind.__bases__ and kind.__bases__[0]
    raise AttributeError(name)
"""


# --- mark


def listed(file):
    """{module: {name: part}}"""
    found = {}
    for line in pathlib.Path(file).read_text().splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            head, line = line.split(":")
            module, part = head.split()
        found.setdefault(module, {}).update(dict.fromkeys(line.split(), part))
    return found


def functions_of(tree):
    """(name, function) for each function and each method, which is called Class.method."""
    for node in tree.body:
        if isinstance(node, FUNCTIONS):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from (("%s.%s" % (node.name, inner.name), inner) for inner in node.body
                        if isinstance(inner, FUNCTIONS))


def mark(file, folder):
    trees = read(folder)
    for module, parts in listed(file).items():
        for name, function in functions_of(trees[module]):
            if name in parts:
                if function.decorator_list:
                    sys.exit("%s: %s has a decorator" % (module, name))
                function.decorator_list.append(ast.Name(_MARK + parts.pop(name), ast.Load()))
        if parts:
            sys.exit("%s has no %s" % (module, ", ".join(sorted(parts))))
    write(folder, trees)


# --- move


def part_of(node):
    """Where a function goes; None when it stays."""
    if isinstance(node, FUNCTIONS) and node.decorator_list:
        name = getattr(node.decorator_list[0], "id", "")
        return name[len(_MARK):] if name.startswith(_MARK) else None
    return None


_BLOCKS = "body", "orelse", "finalbody"


def blocks(statement):
    """The lists of statements within one."""
    yield from (getattr(statement, field) for field in _BLOCKS if getattr(statement, field, None))
    yield from (handler.body for handler in getattr(statement, "handlers", ()))


def loaded_itself(statement):
    """What a statement uses, without the statements within it."""
    found = set()
    for field, value in ast.iter_fields(statement):
        if field not in _BLOCKS + ("handlers",):
            for part in value if isinstance(value, list) else [value]:
                found |= loaded(part) if isinstance(part, ast.AST) else set()
    return found


class Home:
    """A module out of which something is moved."""

    def __init__(self, name, tree, common):
        self.name = name
        self.tree = tree
        self.parts = {}  # part: [function]
        self.methods = {}  # (class, method): (part, name there)
        self._classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        self._top = {name: node for node in tree.body for name in bound_by(node)}
        self._common = common
        self._take_functions()
        for node in self._classes.values():
            self._take_methods(node)
        for part in self.parts:
            self._name_methods(part)

    def _take_functions(self):
        self.functions = {node.name: part_of(node) for node in self.tree.body if part_of(node)}
        for node in self.tree.body[:]:
            if part_of(node):
                self.tree.body.remove(node)
                self._take(node, None)

    def _take(self, function, owner):
        self.parts.setdefault(part_of(function), []).append(function)
        function.decorator_list = []
        function.owner = owner

    def _take_methods(self, node):
        moved = [inner for inner in node.body if part_of(inner)]
        if moved:
            self._give_base(node, {method.name for method in moved})
        for method in moved:
            node.body.remove(method)
            self._take(method, node)
        node.body = node.body or [ast.Pass()]

    def _give_base(self, node, moved):
        if not node.bases:
            if "__init__" not in methods_in(node):
                sys.exit("%s.%s has no __init__" % (self.name, node.name))
            node.bases.append(ast.Name("Seldom", ast.Load()))
        base = self._classes.get(node.bases[0].id)
        while base:
            hidden = methods_in(base) & moved
            if hidden:
                sys.exit("%s.%s: %s would be of %s" % (self.name, node.name, hidden, base.name))
            base = self._classes.get(base.bases[0].id) if base.bases else None

    def _name_methods(self, part):
        """Each becomes a function of its part, under a name that is nothing else there."""
        functions = self.parts[part]
        taken = BUILT_IN | {function.name for function in functions if not function.owner}
        taken = set(taken.union(*(loaded(function) - bound_in(function) for function in functions)))
        free = free_names(self._common, taken)
        for function in functions:
            if function.owner:
                own = function.name
                function.name = own if own not in taken and not own.startswith("__") else next(free)
                taken.add(function.name)
                self.methods[function.owner.name, own] = part, function.name

    def move(self):
        """{part: its tree}"""
        found = {part: self._module(part, functions) for part, functions in self.parts.items()}
        for node in self.tree.body:
            for function in node.body if isinstance(node, ast.ClassDef) else [node]:
                at_once = loaded(function) & set(self.functions)
                if isinstance(function, FUNCTIONS):
                    self._reach(function, None)
                elif at_once:
                    sys.exit("%s uses %s at once" % (self.name, at_once))
        return found

    def give_class(self, find):
        """The base class of those with something elsewhere: in core, in front of the first of them."""
        if self.name == "core":
            at = next(i for i, node in enumerate(self.tree.body) if isinstance(node, ast.ClassDef))
            self.tree.body[at:at] = ast.parse(_BASE.replace("FIND", find)).body
        else:
            self.tree.body.insert(0, import_from("core", "Seldom"))

    def _module(self, part, functions):
        for function in functions:
            self._call_base(function, part)
            self._reach(function, part)
        wanted = set().union(*(loaded(function) - bound_in(function) for function in functions))
        head = []
        for name in sorted(wanted & set(self._top) - set(self.functions)):
            head.append(self._import_of(name))
        return ast.Module(self._needed_by(head) + head + functions, [])

    def _import_of(self, name):
        node = self._top[name]
        if is_constant(node):
            return node
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            aliases = [alias for alias in node.names if (alias.asname or alias.name) == name]
            return ast.Import(aliases) if isinstance(node, ast.Import) else ast.ImportFrom(
                node.module, aliases, node.level)
        return import_from(self.name, name)

    def _needed_by(self, head):
        constants = any(is_constant(node) for node in head)
        return [ast.ImportFrom("micropython", [ast.alias("const")], 0)] if constants else []

    def _reach(self, function, part):
        """Imports for what it uses of the parts, each in front of where it is used."""
        names = {name for name, where in self.functions.items() if where != part} - bound_in(function)
        self._reach_in(function.body, names)

    def _reach_in(self, body, names):
        for statement in body[:]:
            for name in sorted(loaded_itself(statement) & names):
                body.insert(body.index(statement), import_from(self.functions[name], name))
            for inner in blocks(statement):
                self._reach_in(inner, names)

    def _call_base(self, function, part):
        """super().f(x) is Base.f(self, x): there is no class around it any more."""
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and is_of_base(node.func)]
        for call in calls:
            base = function.owner.bases[0].id
            where, name = self.methods.get((base, call.func.attr), (None, None))
            if where != part or name in bound_in(function):
                sys.exit("%s.%s is called from %s" % (base, call.func.attr, part))
            call.func = ast.Name(name, ast.Load())
            call.args.insert(0, ast.Name(function.args.args[0].arg, ast.Load()))

    def index(self):
        """Its lines."""
        lines = {}
        for (kind, method), (part, name) in self.methods.items():
            line = lines.setdefault((kind, part), "\n%s %s " % (kind, part))
            lines[kind, part] = line + "%s=%s " % (method, "" if name == method else name)
        return "".join(lines.values()) + "\n"


def is_of_base(node):
    """Whether it is super().something"""
    return (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call)
            and getattr(node.value.func, "id", "") == "super")


class Redirector(ast.NodeTransformer):
    """Imports of what has moved."""

    def __init__(self, homes):
        self._homes = homes

    def visit_ImportFrom(self, node):
        if node.module not in self._homes:
            return node
        where = self._homes[node.module].functions
        moved = [alias for alias in node.names if alias.name in where]
        node.names = [alias for alias in node.names if alias not in moved]
        return [node] * bool(node.names) + [ast.ImportFrom(where[alias.name], [alias], 1) for alias in moved]


def move(common, folder):
    words = words_in(common)
    trees = read(folder)
    homes = {name: Home(name, tree, words) for name, tree in trees.items()
             if any(map(part_of, ast.walk(tree)))}
    used = {name.id for home in homes.values() for name in names(home.tree)}
    find = next(word for word in words if word not in used)
    for home in homes.values():
        home.give_class(find)
        parts = home.move()
        if set(parts) & set(trees):
            sys.exit("two modules are called %s" % (set(parts) & set(trees)))
        trees.update(parts)
    trees = {name: Redirector(homes).visit(tree) for name, tree in trees.items()}
    index = tuple((home.name, home.index()) for home in homes.values())
    trees["seldom"] = ast.parse(_FIND.replace("FIND", find) % repr(index))
    write(folder, trees)


{"mark": mark, "move": move}[sys.argv[1]](*sys.argv[2:])
