#!/usr/bin/env python3
"""seldom.py mark LIST FOLDER      marks, in the joined package, what LIST says is seldom called;
seldom.py move COMMON FOLDER    moves what is marked, once the names are short, into modules of its own.

Those modules are imported when something of them is called, and forgotten with all others that a connection
does not live on (countersign/memory.py). A method is found by its class's __getattr__: a class with such
methods gets a base class for it. A function is imported by the functions that use it.
"""

import ast
import builtins
import itertools
import pathlib
import sys

_MARK = "_seldom_"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# The base class, in core. An instance is initialized by a method that may be elsewhere, too.
_BASE = """
class Seldom:
    def __init__(self, *args, **named):
        self.__getattr__("__init__")(*args, **named)

    def __getattr__(self, name):
        from .seldom import FIND
        return FIND(self, name)
"""
# The module `seldom`: where the methods are, as lines "CLASS PART METHOD=NAME METHOD=NAME... ", NAME being empty when it is
# the same. One string a module: each word by itself would stay in memory.
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


def sources(folder):
    return {path.stem: path for path in sorted(pathlib.Path(folder).glob("*.py"))}


# --- mark


def listed(file):
    """{module: {name: part}}"""
    found = {}
    names = None
    for line in pathlib.Path(file).read_text().splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            head, line = line.split(":")
            module, part = head.split()
            names = found.setdefault(module, {})
        names.update(dict.fromkeys(line.split(), part))
    return found


def mark(file, folder):
    for module, parts in listed(file).items():
        path = sources(folder)[module]
        tree = ast.parse(path.read_text())
        for node in tree.body:
            inner = node.body if isinstance(node, ast.ClassDef) else [node]
            for function in inner:
                if not isinstance(function, _FUNCTIONS):
                    continue
                name = function.name if function is node else "%s.%s" % (node.name, function.name)
                if name in parts:
                    if function.decorator_list:
                        sys.exit("%s: %s has a decorator" % (module, name))
                    function.decorator_list.append(ast.Name(_MARK + parts.pop(name), ast.Load()))
        if parts:
            sys.exit("%s has no %s" % (module, ", ".join(sorted(parts))))
        path.write_text(ast.unparse(ast.fix_missing_locations(tree)) + "\n")


# --- move


def part_of(node):
    """Where a function goes; None when it stays."""
    if isinstance(node, _FUNCTIONS) and node.decorator_list:
        name = getattr(node.decorator_list[0], "id", "")
        return name[len(_MARK):] if name.startswith(_MARK) else None
    return None


def loaded(node):
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}


def bound_in(function):
    names = {part.arg for part in ast.walk(function) if isinstance(part, ast.arg)}
    return names | {part.id for part in ast.walk(function) if isinstance(part, ast.Name)
                    and not isinstance(part.ctx, ast.Load)}


def blocks(statement):
    """The lists of statements within one."""
    for field in "body", "orelse", "finalbody", "handlers":
        inner = getattr(statement, field, [])
        if field == "handlers":
            yield from (handler.body for handler in inner)
        elif inner and not isinstance(statement, ast.ExceptHandler):
            yield inner


def own_part(statement):
    """What a statement computes itself: without the statements within it."""
    fields = {name: value for name, value in ast.iter_fields(statement)
              if name not in ("body", "orelse", "finalbody", "handlers")}
    return ast.Expr(ast.List([value for each in fields.values() for value in (
        each if isinstance(each, list) else [each]) if isinstance(value, ast.AST)], ast.Load()))


def names_bound_by(node):
    """At the top of a module."""
    if isinstance(node, _FUNCTIONS + (ast.ClassDef,)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name for alias in node.names}
    if isinstance(node, ast.Try):
        return set().union(*(names_bound_by(inner) for inner in ast.iter_child_nodes(node)
                             if isinstance(inner, ast.stmt)))
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def is_constant(node):
    return (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            and getattr(node.value.func, "id", "") == "const")


def import_from(module, name):
    return ast.ImportFrom(module, [ast.alias(name)], 1)


class Home:
    """A module out of which something is moved."""

    def __init__(self, name, tree, common):
        self.name = name
        self.tree = tree
        self.parts = {}  # part: [function]
        self.methods = {}  # (class, method): (part, name there)
        self._classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        self._top = {name: node for node in tree.body for name in names_bound_by(node)}
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
            if "__init__" not in names_in(node):
                sys.exit("%s.%s has no __init__" % (self.name, node.name))
            node.bases.append(ast.Name("Seldom", ast.Load()))
        base = self._classes.get(node.bases[0].id)
        while base:
            if names_in(base) & moved:
                sys.exit("%s.%s: %s would be of %s" % (self.name, node.name, names_in(base) & moved, base.name))
            base = self._classes.get(base.bases[0].id) if base.bases else None

    def _name_methods(self, part):
        """Each becomes a function of its part, under a name that is nothing else there."""
        functions = self.parts[part]
        taken = set(dir(builtins)) | {function.name for function in functions if not function.owner}
        taken = taken.union(*(loaded(function) - bound_in(function) for function in functions))
        names = (name for name in itertools.chain(self._common, ("f%d" % i for i in itertools.count()))
                 if name not in taken)
        for function in functions:
            if function.owner:
                own = function.name
                function.name = own if own not in taken and not own.startswith("__") else next(names)
                taken.add(function.name)
                self.methods[function.owner.name, own] = part, function.name

    def move(self):
        """{part: its tree}"""
        found = {part: self._module(part, functions) for part, functions in self.parts.items()}
        for node in self.tree.body:
            for function in node.body if isinstance(node, ast.ClassDef) else [node]:
                if isinstance(function, _FUNCTIONS):
                    self._reach(function, None)
                elif loaded(function) & set(self.functions):
                    sys.exit("%s uses %s at once" % (self.name, loaded(function) & set(self.functions)))
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
            for name in sorted(loaded(own_part(statement)) & names):
                body.insert(body.index(statement), import_from(self.functions[name], name))
            for inner in blocks(statement):
                self._reach_in(inner, names)

    def _call_base(self, function, part):
        """super().f(x) is Base.f(self, x): there is no class around it any more."""
        for node in ast.walk(function):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call) and getattr(
                    node.value.func, "id", "") == "super":
                call = next(n for n in ast.walk(function) if isinstance(n, ast.Call) and n.func is node)
                base = function.owner.bases[0].id
                where, name = self.methods.get((base, node.attr), (None, None))
                if where != part or name in bound_in(function):
                    sys.exit("%s.%s is called from %s" % (base, node.attr, part))
                call.func = ast.Name(name, ast.Load())
                call.args.insert(0, ast.Name(function.args.args[0].arg, ast.Load()))

    def index(self):
        """Its lines."""
        found = {}
        for (kind, method), (part, name) in self.methods.items():
            found.setdefault((kind, part), []).append("%s=%s " % (method, "" if name == method else name))
        return "".join("\n%s %s %s" % (kind, part, "".join(names)) for (kind, part), names in found.items()) + "\n"


def names_in(node):
    return {inner.name for inner in node.body if isinstance(inner, _FUNCTIONS)}


def names_in_all(tree):
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def redirect(tree, homes):
    """Imports of what has moved."""
    for node in ast.walk(tree):
        for body in (getattr(node, "body", []), getattr(node, "orelse", []), getattr(node, "finalbody", [])):
            for statement in body[:] if isinstance(body, list) else []:
                if isinstance(statement, ast.ImportFrom) and statement.module in homes:
                    where = homes[statement.module].functions
                    moved = [alias for alias in statement.names if alias.name in where]
                    statement.names = [alias for alias in statement.names if alias not in moved]
                    at = body.index(statement)
                    body[at:at + (not statement.names)] = [ast.ImportFrom(where[a.name], [a], 1) for a in moved]


def move(common, folder):
    lines = pathlib.Path(common).read_text().splitlines()
    words = [word for line in lines if not line.startswith("#") for word in line.split()]
    trees = {name: ast.parse(path.read_text()) for name, path in sources(folder).items()}
    homes = {name: Home(name, tree, words) for name, tree in trees.items() if marked(tree)}
    find = next(word for word in words if not any(word in names_in_all(home.tree) for home in homes.values()))
    for home in homes.values():
        home.give_class(find)
        parts = home.move()
        if set(parts) & set(trees):
            sys.exit("two modules are called %s" % (set(parts) & set(trees)))
        trees.update(parts)
    for tree in trees.values():
        redirect(tree, homes)
    index = tuple((home.name, home.index()) for home in homes.values())
    trees["seldom"] = ast.parse(_FIND.replace("FIND", find) % repr(index))
    for path in sources(folder).values():
        path.unlink()
    for name, tree in trees.items():
        (pathlib.Path(folder) / (name + ".py")).write_text(ast.unparse(ast.fix_missing_locations(tree)) + "\n")


def marked(tree):
    return any(part_of(node) for node in ast.walk(tree))


{"mark": mark, "move": move}[sys.argv[1]](*sys.argv[2:])
