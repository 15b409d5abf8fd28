#!/usr/bin/python3
"""too_new.py [FILE...]: what in the programs for boards some MicroPython from 1.22 on lacks. Exit status 1 if
there is any.

The programs are device/ and the scripts that `load` runs; looked for is what on_each/constructs.py lists. The
tests on each version have to find what cannot be seen here: a bytearray's pop(), a format string that is put
together. An import within `try: … except ImportError:` is left alone: such a program can do without.
"""

import ast
import glob
import io
import os
import pathlib
import re
import sys
import tokenize

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "../.."))
sys.path.insert(0, os.path.join(HERE, "on_each"))

from constructs import CONSTRUCTS, NEVER, NOT_ON_CHIPS  # noqa: E402

OLDEST = (1, 22)


def programs():
    """All that runs on boards of any version: what is frozen into firmware that is built here does not, and
    device/package runs on the host."""
    for folder, below, files in os.walk(os.path.join(ROOT, "device")):
        if folder == os.path.join(ROOT, "device"):
            below[:] = [name for name in below if name not in ("board", "native", "package")]
        yield from (os.path.join(folder, name) for name in files if name.endswith(".py"))
    yield from glob.glob(os.path.join(ROOT, "host/loader/*.cpp"))


def parts_of(path):
    """[(number of the line before it, Python)]: of a file in C++ the raw strings that are Python."""
    text = pathlib.Path(path).read_text(encoding="utf-8")
    if path.endswith(".py"):
        return [(0, text)]
    raw = re.finditer(r'R"\((.*?)\)"', text, re.DOTALL)
    is_python = re.compile("^(def|import) ", re.MULTILINE)
    return [(text[:m.start()].count("\n"), m[1]) for m in raw if is_python.search(m[1])]


def called(node):
    """The last part of what is called: "split" for a.b.split()."""
    function = node.func
    return getattr(function, "attr", None) or getattr(function, "id", None)


def catches(handler, name):
    return handler.type is not None and name in ast.dump(handler.type)


class Program:
    def __init__(self, source, own=()):
        """`own`: names of methods that programs define themselves, which are not the built-in types'."""
        self.source = source
        self.tree = ast.parse(source)
        self.nodes = list(ast.walk(self.tree))
        self.own = own
        self.guarded = set()
        self.tuples = set()  # names of tuples
        self.deques = set()  # names of deques, attributes too
        for node in self.nodes:
            if isinstance(node, ast.Try) and any(catches(h, "ImportError") for h in node.handlers):
                self.guarded.update(inner for stmt in node.body for inner in ast.walk(stmt))
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    name = getattr(target, "id", None) or getattr(target, "attr", None)
                    if isinstance(node.value, ast.Tuple):
                        self.tuples.add(name)
                    elif isinstance(node.value, ast.Call) and called(node.value) == "deque":
                        self.deques.add(name)

    def defined(self):
        return {node.name for node in self.nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}

    def of(self, kind):
        return (node for node in self.nodes if isinstance(node, kind))

    def calls(self, name):
        return (node for node in self.of(ast.Call) if called(node) == name)

    # --- each finds the line numbers of one kind of thing

    def node(self, name):
        return [n.lineno for n in self.of(getattr(ast, name))] if hasattr(ast, name) else []

    def name(self, name):
        return [n.lineno for n in self.of(ast.Name) if n.id == name]

    def attribute(self, name):
        return [n.lineno for n in self.of(ast.Attribute) if n.attr == name and name not in self.own]

    method = attribute

    def defines(self, name):
        return [n.lineno for n in self.of((ast.FunctionDef, ast.AsyncFunctionDef)) if n.name == name]

    def of_module(self, module, name):
        direct = [n.lineno for n in self.of(ast.Attribute)
                  if n.attr == name and isinstance(n.value, ast.Name) and n.value.id == module]
        return direct + [n.lineno for n in self.of(ast.ImportFrom)
                         if n.module == module and name in [alias.name for alias in n.names]]

    def imports(self, name):
        found = []
        for n in self.of((ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in n.names] if isinstance(n, ast.Import) else [n.module]
            if n not in self.guarded and not getattr(n, "level", 0) and name in names:
                found.append(n.lineno)
        return found

    def keyword(self, function, name):
        return [n.lineno for n in self.calls(function) if name in [k.arg for k in n.keywords]]

    def fewer(self, function, count):
        return [n.lineno for n in self.calls(function) if len(n.args) + len(n.keywords) < count]

    def more(self, function, count):
        return [n.lineno for n in self.calls(function) if len(n.args) > count]

    def source_matches(self, pattern):
        return [i + 1 for i, line in enumerate(self.source.split("\n")) if re.search(pattern, line)]

    def literal(self, pattern):
        return [n.func.lineno for n in self.calls("format")
                if isinstance(n.func, ast.Attribute) and isinstance(n.func.value, ast.Constant)
                and re.search(pattern, str(n.func.value.value))]

    def deque(self, what):
        if what == "Subscript":
            return [n.lineno for n in self.of(ast.Subscript) if self._is_deque(n.value)]
        return [n.lineno for n in self.of(ast.Attribute) if n.attr == what and self._is_deque(n.value)]

    def _is_deque(self, node):
        name = getattr(node, "id", None) or getattr(node, "attr", None)
        return name in self.deques

    def special(self, name):
        return [line for node in self.nodes for line in getattr(self, "_" + name)(node)]

    # --- what needs a rule of its own

    def _full_deque(self, n):
        if isinstance(n, ast.Call) and called(n) == "deque" and n.args:
            if not (isinstance(n.args[0], ast.Tuple) and not n.args[0].elts):
                yield n.lineno

    def _prefixes(self, n, method):
        if isinstance(n, ast.Call) and called(n) == method and n.args:
            first = n.args[0]
            name = getattr(first, "id", None) or getattr(first, "attr", None)
            if isinstance(first, ast.Tuple) or name in self.tuples:
                yield n.lineno

    def _tuple_of_starts(self, n):
        return self._prefixes(n, "startswith")

    def _tuple_of_ends(self, n):
        return self._prefixes(n, "endswith")

    def _position_only(self, n):
        if isinstance(n, ast.arguments) and n.posonlyargs:
            yield n.posonlyargs[0].lineno

    def _class_arguments(self, n):
        if isinstance(n, ast.ClassDef) and n.keywords:
            yield n.lineno

    def _odd_decorator(self, n):
        for d in getattr(n, "decorator_list", ()):
            d = d.func if isinstance(d, ast.Call) else d
            while isinstance(d, ast.Attribute):
                d = d.value
            if not isinstance(d, ast.Name):
                yield d.lineno

    def _star_in_display(self, n):
        if isinstance(n, (ast.List, ast.Tuple, ast.Set)) and any(isinstance(e, ast.Starred) for e in n.elts):
            if not isinstance(getattr(n, "ctx", None), ast.Store):
                yield n.lineno

    def _star_in_dict(self, n):
        if isinstance(n, ast.Dict) and None in n.keys:
            yield n.lineno

    def _async_comprehension(self, n):
        if isinstance(n, ast.comprehension) and n.is_async:
            yield n.target.lineno

    def _await_in_comprehension(self, n):
        if isinstance(n, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            outermost = set(ast.walk(n.generators[0].iter))
            yield from (x.lineno for x in ast.walk(n) if isinstance(x, ast.Await) and x not in outermost)

    def _async_generator(self, n):
        if isinstance(n, ast.AsyncFunctionDef):
            inner = [x for child in ast.iter_child_nodes(n) for x in own_nodes(child)]
            yield from (x.lineno for x in inner if isinstance(x, ast.Yield))

    def _adjacent_fstrings(self, n):
        if isinstance(n, ast.JoinedStr):
            if fstrings_touch(ast.get_source_segment(self.source, n) or ""):
                yield n.lineno

    def _raw_fstring(self, n):
        if isinstance(n, ast.JoinedStr):
            if re.match(r"([rR][fF]|[fF][rR])['\"]", ast.get_source_segment(self.source, n) or ""):
                yield n.lineno

    def _inside_fstring(self, n, kind):
        if isinstance(n, ast.JoinedStr):
            values = [part.value for part in n.values if isinstance(part, ast.FormattedValue)]
            if any(isinstance(x, kind) for value in values for x in ast.walk(value)):
                yield n.lineno

    def _lambda_in_fstring(self, n):
        return self._inside_fstring(n, ast.Lambda)

    def _nested_fstring(self, n):
        return self._inside_fstring(n, ast.JoinedStr)

    def _step(self, n):
        # Of a list it would be there, but nothing here tells a list from a text.
        if isinstance(n, ast.Slice) and n.step is not None:
            yield n.step.lineno

    def _negative_exponent(self, n):
        if isinstance(n, ast.Call) and called(n) == "pow" and len(n.args) == 3:
            if isinstance(n.args[1], ast.UnaryOp) and isinstance(n.args[1].op, ast.USub):
                yield n.lineno

    def _code_of_exit(self, n):
        if isinstance(n, ast.ExceptHandler) and catches(n, "SystemExit") and n.name:
            for x in ast.walk(n):
                if getattr(x, "attr", None) == "code" and getattr(x.value, "id", None) == n.name:
                    yield x.lineno

    def _generic(self, n):
        if isinstance(n, ast.Subscript) and getattr(n.value, "id", None) in ("list", "dict", "tuple", "set"):
            yield n.lineno

    def _union_of_types(self, n):
        if isinstance(n, ast.Call) and called(n) in ("isinstance", "issubclass") and len(n.args) == 2:
            if isinstance(n.args[1], ast.BinOp):
                yield n.lineno


def own_nodes(node):
    """The nodes of a function without those of functions inside it."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from own_nodes(child)


def fstrings_touch(text):
    """The parser joins strings side by side. An f-string is one token to Python 3.11, several to 3.12."""
    ended = False
    for token in tokenize.generate_tokens(io.StringIO("(%s)" % text).readline):
        kind = tokenize.tok_name[token.type]
        whole = kind == "STRING" and re.match("[rR]?[fF]", token.string)
        if ended and (whole or kind == "FSTRING_START"):
            return True
        if kind not in ("NL", "COMMENT"):
            ended = whole or kind == "FSTRING_END"
    return False


KINDS = {"of": "of_module", "import": "imports", "source": "source_matches"}


def found_in(program):
    """[(line, what, since)] of one Program."""
    found = []
    for what, since, (kind, *arguments), _ in CONSTRUCTS:
        if since is NEVER or since > OLDEST:
            lines = getattr(program, KINDS.get(kind, kind))(*arguments)
            found += [(line, what, since) for line in set(lines)]
    return sorted(found, key=lambda entry: entry[0])


def sentence(what, since):
    if since is NEVER:
        return "no MicroPython has this: " + what
    if since == NOT_ON_CHIPS:
        return "no ESP32's firmware has this: " + what
    return "MicroPython has this from %d.%d on: %s" % (since + (what,))


def main(paths):
    parts = [(path, *part) for path in paths or sorted(programs()) for part in parts_of(path)]
    own = set().union(*(Program(source).defined() for _, _, source in parts))
    count = 0
    for path, before, source in parts:
        for line, what, since in found_in(Program(source, own)):
            print("%s:%d: %s" % (os.path.relpath(path), before + line, sentence(what, since)))
            count += 1
    return 1 if count or not parts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
