"""Reading pages as a person does: links by what they say."""

from __future__ import annotations

import html
import re

_LINK = re.compile(r"<a\b([^>]*)>(.*?)</a>", re.S)
_HREF = re.compile(r'href="([^"]*)"')


def text_of(response) -> str:
    return response.content.decode()


def links(page: str) -> list[tuple[str, str]]:
    """Every link of a page: its address and its words."""
    found = []
    for attributes, inner in _LINK.findall(page):
        if address := _HREF.search(attributes):
            words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", inner)).split())
            found.append((html.unescape(address[1]), words))
    return found


def figures_that_open_users(page: str) -> list[tuple[str, int]]:
    """Addresses of lists, with the number of users that opens them; two of the five numbers are money."""
    return [
        (address, int(words.split()[0].replace(",", "")))
        for address, words in links(page)
        if address.startswith("/users/list/")
        and not re.search(r"list=(net_revenue|assets)", address)
        and re.match(r"[\d,]+( users?)?$", words)
    ]


def total(page: str) -> int:
    """How many users a list says it has."""
    if not (found := re.search(r"<h2>([\d,]+) users?</h2>", page)):
        raise AssertionError("The page is no list of users.")
    return int(found[1].replace(",", ""))
