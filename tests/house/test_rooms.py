"""What lies in which folder: no folder is crowded, and no file exists to serve a single caller."""

import ast
from pathlib import Path

import earmark
from earmark.cli import COMMANDS

SOURCE = Path(earmark.__file__).parent
TESTS = Path(__file__).parents[1]
MOST_FILES = 14
FEWEST_LINES = 40

# The tables of the package whose entries are a file each, with the module that holds each. The
# dictionaries are no such table: most of their folder is what reads and searches them.
TABLES = {
    "earmark.curate": ["CURATORS"],
    "earmark.failures": ["MODES"],
    "earmark.formats": ["FORMATS"],
    "earmark.judges": ["JUDGES"],
    "earmark.judges.instructions": ["CONSTRAINTS"],
    "earmark.metrics": ["METRICS"],
    "earmark.objectives": ["OBJECTIVES", "HEAD_OBJECTIVES", "WRAPPERS"],
    "earmark.objectives.weightings": ["WEIGHTINGS"],
    "earmark.pairs.relations": ["RELATIONS"],
    "earmark.policies.families.table": ["FAMILIES"],
    "earmark.text.profiles": ["PROFILES"],
}
# Run by name: `python -m earmark`, and `earmark COMMAND`.
RUN = {
    "earmark.__main__",
    *(f"earmark.cli.{name.replace('-', '_')}" for name in COMMANDS),
}


def module_of(path):
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for path in SOURCE.rglob("*.py")}


def imported(module):
    """Return the modules of Earmark that one imports, or names as `module:attribute` or alone."""
    found = set()
    for node in ast.walk(ast.parse(FILES[module].read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & FILES.keys() or {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value.partition(":")[0])
    return (found & FILES.keys()) - {module}


def entries_of(module, table):
    """Return the modules that the values of a table come from.

    What its type names is what every entry is, and no entry; the other imports of the module
    are support files.
    """
    origin, local, kind = {}, {}, set()
    for node in ast.parse(FILES[module].read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                origin[alias.asname or alias.name] = name if name in FILES else node.module
        elif isinstance(node, ast.AnnAssign):
            local[node.target.id] = node.value
            if node.target.id == table:
                kind = names_in(node.annotation)
        elif isinstance(node, ast.Assign):
            local |= {target.id: node.value for target in node.targets}
    found, waiting = set(), [table]
    while waiting:
        name = waiting.pop()
        found |= {origin[name]} if name in origin else set()
        if name in local:
            waiting.extend(names_in(local.pop(name)) - kind)
    return found & FILES.keys()


def names_in(tree):
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


ENTRIES = RUN.union(*(entries_of(module, each) for module in TABLES for each in TABLES[module]))


def test_no_folder_is_crowded():
    crowded = {}
    for folder in {path.parent for path in [*SOURCE.rglob("*.py"), *TESTS.rglob("*.py")]}:
        files = {path for path in folder.glob("*.py") if path.name != "__init__.py"}
        if folder.is_relative_to(SOURCE):
            files = {path for path in files if module_of(path) not in ENTRIES}
        if len(files) > MOST_FILES:
            crowded[str(folder)] = sorted(path.name for path in files)
    assert not crowded, f"more than {MOST_FILES} files beside those of a table; divide them"


def test_a_small_file_with_one_caller_joins_it():
    callers = {module: set() for module in FILES}
    for module in FILES:
        for other in imported(module):
            callers[other].add(module)
    lonely = {
        module: (len(path.read_text("utf-8").splitlines()), *callers[module])
        for module, path in FILES.items()
        if path.name != "__init__.py" and module not in ENTRIES and len(callers[module]) < 2
    }
    small = {module: found for module, found in lonely.items() if found[0] < FEWEST_LINES}
    assert not small, "fold each into its caller, or remove it where it has none"


def test_both_rules_find_what_breaks_them():
    assert imported("earmark.__main__") == {"earmark.cli"}
    assert "earmark.cli.explain_objective" in imported("earmark.cli.objectives"), "named in a text"
    assert "earmark.failures.loop" in ENTRIES
    assert {"earmark.failures.mode", "earmark.metrics.metric"}.isdisjoint(ENTRIES), "support"
    assert "earmark.cli.explain_objective" not in ENTRIES
