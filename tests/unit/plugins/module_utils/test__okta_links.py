# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._okta_links import next_link, parse_links

SELF = '<https://acme.okta.com/api/v1/groups/00g1/users?limit=2>; rel="self"'
NEXT = "https://acme.okta.com/api/v1/groups/00g1/users?after=a,b;c&limit=2"


@pytest.mark.parametrize(
    ("values", "target"),
    [
        ([], None),
        ([""], None),
        ([SELF], None),
        ([SELF, f'<{NEXT}>; rel="next"'], NEXT),
        ([f'{SELF}, <{NEXT}>; rel="next"'], NEXT),
        ([f"{SELF},<{NEXT}>;rel=next"], NEXT),
        ([f'<{NEXT}> ; title="a, b; <c>; rel=\\"self\\"" ; rel = "last NEXT"'], NEXT),
        ([f"<{NEXT}>; REL=Next; rel=self"], NEXT),
        ([f", , {SELF} ,, <{NEXT}>; rel=next ,"], NEXT),
        ([f"<{NEXT}>;; rel=next;"], NEXT),
        ([f"<{NEXT}>; crossorigin; rel=next"], NEXT),
        ([f"<{NEXT}>; rel=next", f"<{NEXT}>; rel=next"], NEXT),
        ([f"<{NEXT}>; rel=nextish", f"<{NEXT}>"], None),
        (['</style.css>; rel=preload; as=style; title="next"'], None),
    ],
)
def test_the_next_page(values: list[str], target: str | None) -> None:
    assert next_link(values) == target


@pytest.mark.parametrize(
    "value",
    [
        NEXT,
        f"<{NEXT}; rel=next",
        f"{NEXT}>; rel=next",
        f"<{NEXT}> rel=next",
        f'<{NEXT}>; rel="next',
        f"<{NEXT}>; rel=next <x>",
        f"{SELF} <{NEXT}>; rel=next",
        "<>; rel=next",
        "< >; rel=next",
        "<a>; rel=next, <b>; rel=next",
    ],
)
def test_what_is_malformed_is_not_taken_for_the_last_page(value: str) -> None:
    with pytest.raises(ValueError, match=r"link|next"):
        next_link([value])


TARGETS = st.text(st.characters(exclude_characters="<>", exclude_categories=("Cc", "Cs")), min_size=1).filter(str.strip)
NAMES = st.sampled_from(["title", "anchor", "type", "Media"])
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")))
LINKS = st.lists(st.tuples(TARGETS, st.sampled_from(["self", "next", "first", "last"]), NAMES, TEXTS), max_size=4)


def written(target: str, rel: str, name: str, text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'<{target}>; {name}="{quoted}"; rel="{rel}"'


@given(LINKS, st.booleans(), st.sampled_from([", ", ",", " ,\t"]))
def test_whatever_stands_in_addresses_and_parameters(
    links: list[tuple[str, str, str, str]], joined: bool, comma: str
) -> None:
    values = [written(*link) for link in links]
    found = parse_links([comma.join(values)] if joined else values)
    assert found == [(target, {name.lower(): text, "rel": rel}) for target, rel, name, text in links]
    wanted = {target for target, rel, _name, _text in links if rel == "next"}
    if len(wanted) < 2:
        assert next_link(values) == next(iter(wanted), None)


@given(st.lists(st.text(st.sampled_from('<>;, "\\=relnxt\t')), max_size=3))
def test_anything_is_read_or_refused(values: list[str]) -> None:
    try:
        target = next_link(values)
    except ValueError:
        return
    assert target is None or f"<{target}>" in "".join(values)
    if any("<" in value for value in values):
        assert parse_links(values)
