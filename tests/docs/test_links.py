"""Links inside the repository lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.architecture.test_imports import ROOT
from tests.docs.pages import PAGES

_LINK = re.compile(r"\]\((?!\w+:)(?P<path>[^)#]*)(?:#(?P<heading>[^)]*))?\)")
_CODE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    for link in _LINK.finditer(_CODE.sub("", page.read_text("utf-8"))):
        target = (page.parent / link["path"]).resolve() if link["path"] else page
        assert target.exists(), f"{page.name}: {link[0]}"
        if link["heading"] and target.suffix == ".md":
            assert link["heading"] in headings(target), f"{page.name}: {link[0]}"


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    lines = re.findall(r"^#+ +(.*)$", _CODE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.strip().lower()).replace(" ", "-") for each in lines}
