"""A hook of MkDocs: files of the repository that pages link to become a part of the site.

Links are written as GitHub reads them, from file to file in the repository. On the site `docs/` is
the root; what lies beside it keeps its path there.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

DOCS: Final = "docs/"
LINK: Final = re.compile(
    r"(?P<code>```.*?```|`[^`\n]*`)|(?<=\]\()(?![a-z]+:|#|/)(?P<path>[^)#\s]+)(?=[)#])", re.DOTALL
)
"""Code is found first, so that what looks like a link there is none."""
STAND_INS: Final = {"README.md": "index.md"}
"""Pages of the site that stand for a file of the repository."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what pages link to beside `docs/`, and what that links to."""
    root = Path(config.docs_dir).parent
    waiting = [DOCS + page.src_uri for page in files.documentation_pages()]
    while waiting:
        path = waiting.pop()
        for target in _linked(path, (root / path).read_text()):
            uri = site_uri(target)
            if files.get_file_from_path(uri) is None and (root / target).is_file():
                files.append(File.generated(config, uri, abs_src_path=str(root / target)))
                waiting += [target] if target.endswith(".md") else []
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links from file to file into links from page to page."""
    return as_on_site(markdown, page.file.src_uri)


def as_on_site(markdown: str, uri: str) -> str:
    """The text of the page `uri` with links as the site has them."""
    folder = posixpath.dirname(uri)

    def moved(found: re.Match[str]) -> str:
        if found["code"]:
            # In a table GitHub wants | escaped in code, and Python-Markdown shows the backslash.
            fenced = found[0].startswith("```")
            return found[0] if fenced else found[0].replace("\\|", "|")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(_path(uri)), found["path"]))
        return posixpath.relpath(site_uri(target), folder or ".")

    return LINK.sub(moved, markdown)


def site_uri(path: str) -> str:
    """Where on the site a file of the repository is."""
    return STAND_INS.get(path, path.removeprefix(DOCS))


def _path(uri: str) -> str:
    """Where in the repository a page of the site is."""
    return uri if uri.startswith("charts/") else DOCS + uri


def _linked(path: str, text: str) -> Iterator[str]:
    for found in LINK.finditer(text):
        if found["path"]:
            yield posixpath.normpath(posixpath.join(posixpath.dirname(path), found["path"]))
