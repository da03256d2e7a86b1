"""What `make docs` adds to the pages in this folder: tables made from the sources, pages that lie elsewhere in the
repository, and the files that a page links to, so that the manual is whole without a server."""

import posixpath
import re
import sys
from pathlib import Path

import yaml
from mkdocs.structure.files import File, Files, InclusionLevel

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "src"))

from expressionvae.manual import cells, claims, commands, keys, library, metrics, results  # noqa: E402
from expressionvae.manual.rules import named_by_rules  # noqa: E402
from expressionvae.schema import whole_schema  # noqa: E402

# Pages of the manual that a reader of the repository looks for elsewhere.
ELSEWHERE = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "baselines/README.md": "baselines-contract.md",
    "benchmarks/README.md": "benchmarks.md",
}
_LINK = re.compile(r"\[([^\[\]]+)\]\(([^()\s]+)\)")
_MADE = re.compile(r"<!-- made: ([\w-]+) -->")
_LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".sh": "bash", ".smk": "python", ".cff": "yaml"}
_WIDE = {"measured.md", "claims.md", "fidelity.md"}  # their tables have the place of a table of contents
_from: dict[str, str] = {}  # where in the repository each page comes from


def made() -> dict[str, str]:
    """The parts of pages that are made from the sources, by the name that a page calls them by."""
    schema, config = whole_schema(REPOSITORY / "config" / "schema.yaml"), REPOSITORY / "config" / "config.yaml"
    listed = REPOSITORY / "docs" / "results.yaml"
    return {
        "config": keys.page(schema, yaml.safe_load(config.read_text()), named_by_rules(REPOSITORY / "workflow")),
        "items": results.items(),
        "results": results.page(listed),
        "rules": results.rules(listed),
        "metrics": metrics.page(),
        "claims": claims.page(sorted((REPOSITORY / "resources" / "published").glob("*.csv"))),
        "make": commands.make_table(REPOSITORY / "Makefile"),
        "modules": library.page(REPOSITORY / "src"),
    }


def on_config(config):
    config.extra["made"] = made()
    return config


def on_files(files: Files, config) -> Files:
    pages = {f"docs/{file.src_uri}": file.src_uri for file in files.documentation_pages()}
    for source, uri in ELSEWHERE.items():
        files.append(File.generated(config, uri, content=(REPOSITORY / source).read_text()))
        pages[source] = uri
    for name, _ in library.modules(REPOSITORY / "src"):
        uri = f"reference/library/{name}.md"
        files.append(_quiet(File.generated(config, uri, content=f"# `{name}`\n\n::: {name}\n")))
    _from.clear()
    _from.update({uri: source for source, uri in pages.items()})
    for source in [*pages]:
        for _, target in _LINK.findall((REPOSITORY / source).read_text()):
            path = _in_repository(source, target)
            if path and path not in pages and not path.startswith("docs/") and (REPOSITORY / path).is_file():
                uri = f"files/{path}.md"
                files.append(_quiet(File.generated(config, uri, content=_shown(path))))
                pages[path] = uri
                _from[uri] = path
    return files


def _quiet(file: File) -> File:
    """A page that no menu has, by intention."""
    file.inclusion = InclusionLevel.NOT_IN_NAV
    return file


def _in_repository(source: str, target: str) -> str | None:
    """The path, from the repository's top, of what a page links to; None for another server or the page itself."""
    path = target.partition("#")[0]
    if not path or re.match(r"[a-z]+:", path):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), path))


def _shown(path: str) -> str:
    text = (REPOSITORY / path).read_text()
    if path.endswith(".md"):
        return text
    return f"# {path}\n\n````{_LANGUAGES.get(Path(path).suffix, 'text')}\n{text}\n````\n"


def on_page_markdown(markdown: str, page, config, files) -> str:
    markdown = _MADE.sub(lambda found: config.extra["made"][found.group(1)], markdown)
    if page.file.src_uri.startswith("reference/library"):
        page.meta["search"] = {"boost": 0.2}  # their many words would stand before every answer
    if page.file.src_uri in _WIDE:
        page.meta["hide"] = ["toc"]
    source = _from.get(page.file.src_uri)
    if source is None or page.file.src_uri.startswith("files/") and not source.endswith(".md"):
        return markdown
    uris = {path: uri for uri, path in _from.items()}
    return _LINK.sub(lambda found: _relinked(found, source, page.file.src_uri, uris), markdown)


def on_page_content(html: str, page, config, files) -> str:
    return cells.laid_out(html)


def _relinked(found: re.Match[str], source: str, here: str, uris: dict[str, str]) -> str:
    text, target = found.groups()
    path = _in_repository(source, target)
    if path in uris:
        relative = posixpath.relpath(uris[path], posixpath.dirname(here) or ".")
        return f"[{text}]({relative}{target[len(target.partition('#')[0]) :]})"
    return text if path and (REPOSITORY / path).is_dir() else found.group(0)  # the manual shows files, no folders
