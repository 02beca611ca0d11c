"""Pages of the site that are made from other files: the API, the changelog, how to contribute.

The API pages are made from the source text; nothing is imported. Decisions and tables join the
navigation by their file names, so a new one needs no further line.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src/earmark"
# Pages of the repository's root, by the name that they have on the site.
BESIDE = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}


def packages() -> list[str]:
    """Return the modules and packages that get a page, the commands excepted."""
    found = [p.parent.name for p in PACKAGE.glob("*/__init__.py")]
    found += [p.stem for p in PACKAGE.glob("*.py") if not p.stem.startswith("_")]
    return sorted(set(found) - {"cli"})


def title(path: Path) -> str:
    """Return the first heading of a page."""
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").strip()


def api_pages() -> dict[str, str]:
    """Return the text of each API page, by its path on the site."""
    names = packages()
    listed = "\n".join(f"- [`earmark.{name}`]({name}.md)" for name in names)
    index = (
        "# API reference\n\nMade from the docstrings. Everything public in a package is on its "
        f"page.\n\n{listed}\n\n::: earmark\n    options: {{show_submodules: false}}\n"
    )
    pages = {f"api/{name}.md": f"# earmark.{name}\n\n::: earmark.{name}\n" for name in names}
    return {"api/index.md": index, **pages}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the tables, the decisions and the generated pages to the navigation."""
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    tables = sorted((ROOT / "docs/tables").glob("*.md"))
    config.nav += [
        {"Tables": [{title(page): f"tables/{page.name}"} for page in tables]},
        {"Decisions": [{title(page): f"decisions/{page.name}"} for page in decisions]},
        {"API": ["api/index.md", *({name: f"api/{name}.md"} for name in packages())]},
        *({title(ROOT / source): page} for page, source in there().items()),
    ]
    return config


def there() -> dict[str, str]:
    """Return the pages of the repository's root that exist."""
    return {page: source for page, source in BESIDE.items() if (ROOT / source).is_file()}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    made = api_pages()
    for page, source in there().items():
        text = (ROOT / source).read_text(encoding="utf-8")
        made[page] = text.replace("](docs/", "](").replace(
            "](benchmarks/README.md)", "](benchmarks/demo.md)"
        )
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    return files
