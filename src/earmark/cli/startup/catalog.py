"""Names, knobs and papers of the objectives and names of failure modes, read from their source.

`earmark train --help` and `earmark objectives` list about forty functions. Importing them takes
seconds, since they compute with torch; their signatures and docstrings are text. Importing the
failure modes, which `earmark pairs --help` names, takes half of what a help text may take.
"""

import ast
import inspect
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

TABLE = "earmark.objectives"
ARXIV = re.compile(r"arXiv (\d{4}\.\d{4,5})")


class Listed(NamedTuple):
    """A function of a table: first line of its docstring, arXiv ids, knobs with their defaults."""

    summary: str
    papers: list[str]
    knobs: dict[str, Any]


def objectives() -> dict[str, Listed]:
    """Return what OBJECTIVES has, by name."""
    return listed("OBJECTIVES")


def wrappers() -> dict[str, Listed]:
    """Return what WRAPPERS has, by name; the knobs that a wrapper adds are not among its own."""
    return listed("WRAPPERS")


def weightings() -> dict[str, Listed]:
    """Return what WEIGHTINGS has, by name."""
    return listed("WEIGHTINGS", f"{TABLE}.weightings")


def relations() -> dict[str, Listed]:
    """Return what RELATIONS has, by name."""
    return listed("RELATIONS", "earmark.pairs.relations")


def modes() -> list[str]:
    """Return the names that MODES has: the first of each row that it is made of."""
    for node in tree_of("earmark.failures").body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "MODES":
            made: Any = node.value
            return [ast.literal_eval(row.elts[0]) for row in made.generators[0].iter.elts]
    raise AssertionError("there is no table MODES")


@cache
def listed(table: str, package: str = TABLE) -> dict[str, Listed]:
    """Read a table of a package, a dictionary of imported functions by name."""
    found = functions_of(table, package).items()
    return {name: function_of(tree, original) for name, (tree, original) in found}


@cache
def summaries(table: str, package: str) -> dict[str, str]:
    """Read a table of a package; return the first line of each function's docstring, by name."""
    found = functions_of(table, package).items()
    return {name: docstring(defined(tree, own)).split("\n", 1)[0] for name, (tree, own) in found}


def functions_of(table: str, package: str) -> dict[str, tuple[ast.Module, str]]:
    """Return the functions of a table, by name: the file of each, and its name there."""
    tree = tree_of(package)
    modules = {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    found = {}
    for name, function in entries(tree, table):
        module, original = modules[function]
        found[name] = tree_of(module), original
    return found


def entries(tree: ast.Module, table: str) -> list[tuple[str, str]]:
    """Return the keys of a dictionary and the names of its values."""
    for node in tree.body:
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)):
            continue
        if ast.unparse(node.target) == table:
            pairs = zip(node.value.keys, node.value.values, strict=True)
            return [(ast.literal_eval(key), ast.unparse(value)) for key, value in pairs if key]
    raise AssertionError(f"there is no table {table}")


def defined(tree: ast.Module, name: str) -> ast.FunctionDef:
    """Return the definition of a function."""
    return next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)


def docstring(node: ast.FunctionDef) -> str:
    """Return a function's docstring, as `inspect.getdoc` does."""
    return inspect.cleandoc(ast.get_docstring(node) or "")


def function_of(tree: ast.Module, name: str) -> Listed:
    """Read a function's docstring and its keyword-only parameters."""
    node = defined(tree, name)
    text = docstring(node)
    constants = {
        target.id: item.value
        for item in tree.body
        if isinstance(item, ast.Assign)
        for target in item.targets
        if isinstance(target, ast.Name)
    }
    knobs = {
        argument.arg: ast.literal_eval(constants.get(ast.unparse(default), default))
        for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if default is not None
    }
    return Listed(text.split("\n", 1)[0], list(dict.fromkeys(ARXIV.findall(text))), knobs)


@cache
def tree_of(module: str) -> ast.Module:
    """Parse the source of a module, which is not imported."""
    package, *rest = module.split(".")
    root = find_spec(package)
    path = Path(str(root and root.origin)).parent.joinpath(*rest)
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text("utf-8"))
