# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several backups of one run, restored as one."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._restore_source import combined

Json = dict[str, Any]

KEYS = ("a", "b", "c")
SETTINGS = {"password_settings": {"enabled": True}}


@st.composite
def a_run(draw: st.DrawFn) -> tuple[Json, list[Json]]:
    """What there was before a run, and what each of its steps saved, the first one first.

    A step saves objects as they are then, so the first one that has an object has it as it was before the run; of a
    part this goes for the part.
    """
    was = {key: draw(st.none() | st.just({"name": f"{key} before"})) for key in KEYS}
    documents: list[Json] = []
    seen: set[str] = set()
    for number in range(draw(st.integers(1, 4))):
        items: Json = {}
        parts = []
        for key in draw(st.lists(st.sampled_from(KEYS), unique=True)):
            there = was[key] if key not in seen else draw(st.none() | st.just({"name": f"{key} at {number}"}))
            seen.add(key)
            items[key] = copy.deepcopy(there)
            if there is not None and draw(st.booleans()):
                parts.append(f"tenants/{key}")
            elif there is not None:
                items[key] |= SETTINGS
        document: Json = {"sections": {"tenants": items}, "complete": draw(st.sampled_from([[], ["tenants"]]))}
        masked = draw(st.lists(st.sampled_from([f"tenants/{key}" for key in items]), unique=True)) if items else []
        documents.append({**document, "masked": masked, "partial": parts})
    return was, documents


@given(a_run())
def test_together_they_are_what_there_was(run: tuple[Json, list[Json]]) -> None:
    was, documents = run
    given_documents = copy.deepcopy(documents)
    found = combined(documents)
    assert documents == given_documents
    if len(documents) == 1:
        assert found == documents[0]
        return
    assert found["complete"] == []
    tenants = found["sections"]["tenants"]
    assert set(tenants) == {key for document in documents for key in document["sections"]["tenants"]}
    for key, tenant in tenants.items():
        place = f"tenants/{key}"
        having = [document for document in documents if key in document["sections"]["tenants"]]
        whole = [each for each in having if place not in each["partial"] and each["sections"]["tenants"][key]]
        if was[key] is None:
            assert tenant is None
            assert place not in found["partial"]
            continue
        assert tenant["name"] == was[key]["name"]
        assert ("password_settings" in tenant) == bool(whole)
        assert (place in found["partial"]) == (not whole)
        used = {0, having.index(whole[0])} if whole else {0}
        assert (place in found["masked"]) == any(place in having[index]["masked"] for index in used)


def test_a_theme_is_the_first_one() -> None:
    documents = [
        {"sections": {"flows": {"f": {"n": 1}}}, "masked": []},
        {"sections": {"theme": {"styles": 1}}, "masked": ["theme"]},
        {"sections": {"theme": {"styles": 2}}, "masked": []},
    ]
    found = combined(documents)
    assert found["sections"] == {"flows": {"f": {"n": 1}}, "theme": {"styles": 1}}
    assert found["masked"] == ["theme"]
