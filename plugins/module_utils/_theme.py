# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The rules of themes: their forms, what is wanted of a live one, and what that changes. Pure.

Inside the collection a theme is the v2 form: C(styles), and C(componentsVersion) and C(references) where they are known
(contract, section 3.7). Only the styles count when themes are compared.

An import may leave what it does not mention as it is, or drop it: both have been seen. So wanted styles are taken as a
part that the live ones must have; whatever else is live stays, since it is always sent along.

In wanted styles null and an object with nothing in it ask for nothing. An empty text and an empty list ask for just
that, and are the same as no value at all.
"""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._json import same as equal
from ansible_collections.pcc.identity.plugins.module_utils._json import without_empty

Theme = dict[str, t.Any]
Styles = dict[str, t.Any]
Path = tuple[str, ...]

#: How many names a result tells before it tells groups of them.
NAMED = 60


class NotATheme(IdentityError):
    """Something that should hold a theme does not. The message says why, without naming the place."""

    def __init__(self, message: str) -> None:
        super().__init__(
            "bad_definition",
            message,
            "Give an export of the theme as the Descope console or the descope command line tool writes it.",
        )


def from_export(value: object) -> Theme:
    """Return the v2 form of any export that holds a theme.

    Args:
        value: a v2 export (C(styles)), a v1 export (C(cssTemplate)), or either of them under C(theme), as in a reply.

    Raises:
        NotATheme: it has another shape.
    """
    if not isinstance(value, dict):
        raise NotATheme("is not a JSON object")
    for name in ("styles", "cssTemplate"):
        if name in value:
            return _checked(value, name)
    if "theme" in value:
        inner = value["theme"]
        if isinstance(inner, dict) and "theme" not in inner:
            return from_export(inner)
        raise NotATheme("holds something under 'theme' that is not a theme")
    raise NotATheme("has neither 'styles' (v2 export) nor 'cssTemplate' (v1 export)")


def to_v1(theme: Theme, stamps: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the C(theme) of a v1 import.

    Args:
        theme: what is to be sent.
        stamps: C(id) and C(version) of the last export.
    """
    version = {name: theme[name] for name in ("componentsVersion",) if name in theme}
    return {**stamps, "cssTemplate": theme["styles"], **version}


def merge(live: t.Any, wanted: t.Any) -> t.Any:
    """Return live styles with the wanted ones put in: objects are merged, lists and scalars replaced as a whole."""
    if not isinstance(wanted, dict):
        return live if wanted is None else wanted
    if not isinstance(live, dict):
        if not _empty(live) and _asks_nothing(wanted):
            return live
        live = {}
    merged = dict(live)
    for name, value in wanted.items():
        if value is not None:
            merged[name] = merge(live.get(name), value)
    return merged


def combine(live: Theme, wanted: Theme) -> Theme:
    """Return the whole theme to send.

    C(componentsVersion) tells what the wanted styles were made with; it is sent as all tools of the service send it.
    """
    combined = {**live, **wanted, "styles": merge(live["styles"], wanted["styles"])}
    if "references" in live or "references" in wanted:
        combined["references"] = merge(live.get("references"), wanted.get("references") or {})
    return combined


def subset(wanted: Styles, live: Styles) -> bool:
    """Return whether everything that is wanted is live."""
    return next(_differing(live, wanted), None) is None


def same(one: Styles, other: Styles) -> bool:
    """Return whether two styles are equal but for empty values."""
    return equal(without_empty(one), without_empty(other))


def difference(live: Styles, wanted: Styles) -> tuple[Styles, Styles]:
    """Return only what the wanted styles change, nested, before and after. A value that is not there is left out."""
    before: Styles = {}
    after: Styles = {}
    for path, old, new in _differing(live, wanted):
        _put(before, path, old)
        _put(after, path, new)
    return before, after


def changes(live: Styles, wanted: Styles) -> list[str]:
    """Return the names of what the wanted styles change: of the topmost object that is new, or of the value."""
    return names([path for path, _old, _new in _differing(live, wanted)])


def unmanaged(live: Styles, wanted: Styles) -> list[str]:
    """Return the names of what is live and not mentioned in the wanted styles: the topmost of each."""
    return names(list(_extra(live, wanted)))


def names(paths: t.Sequence[Path]) -> list[str]:
    """Return paths by dotted name, sorted. Too many of them are told by the objects that they are in."""
    for depth in range(max(map(len, paths), default=0), 0, -1):
        found = sorted({".".join(path[:depth]) for path in paths})
        if len(found) <= NAMED:
            return found
    found = sorted({path[0] for path in paths})
    return [*found[:NAMED], f"and {len(found) - NAMED} more"] if found else []


def describe(theme: Theme) -> dict[str, t.Any]:
    """Return what a theme is like, without all of its styles."""
    styles = theme["styles"]
    parts = [mode.get("components") for mode in styles.values() if isinstance(mode, dict)]
    return {
        "components_version": str(theme.get("componentsVersion") or ""),
        "modes": sorted(styles),
        "components": sorted({name for part in parts if isinstance(part, dict) for name in part}),
    }


def _checked(value: dict[str, t.Any], name: str) -> Theme:
    if not isinstance(value[name], dict):
        raise NotATheme(f"'{name}' is not a JSON object")
    references = value.get("references")
    if references is not None and not isinstance(references, dict):
        raise NotATheme("'references' is not a JSON object")
    rest = {key: value[key] for key in ("componentsVersion", "references") if value.get(key) is not None}
    return {"styles": value[name], **rest}


def _differing(live: t.Any, wanted: t.Any, path: Path = ()) -> t.Iterator[tuple[Path, t.Any, t.Any]]:
    """Yield the path of each value that is not as wanted, with both values; None stands for an empty one."""
    old = _told(live)
    if isinstance(wanted, dict) and (not path or isinstance(old, dict)):
        inner = live if isinstance(live, dict) else {}
        for name in sorted(wanted):
            yield from _differing(inner.get(name), wanted[name], (*path, name))
        return
    if _asks_nothing(wanted):
        return
    new = _told(wanted)
    if not equal(old, new):
        yield path, old, new


def _extra(live: t.Any, wanted: t.Any, path: Path = ()) -> t.Iterator[Path]:
    if isinstance(live, dict) and isinstance(wanted, dict):
        for name in sorted(live):
            if not _empty(live[name]):
                yield from _extra(live[name], wanted.get(name), (*path, name))
    elif _asks_nothing(wanted):
        yield path


def _asks_nothing(wanted: t.Any) -> bool:
    """Return whether there is nothing in a wanted value."""
    return wanted is None or (isinstance(wanted, dict) and all(map(_asks_nothing, wanted.values())))


def _told(value: t.Any) -> t.Any:
    """Return a value without the empty ones in it, None if it is empty itself."""
    kept = without_empty({"value": value})
    return kept.get("value")


def _empty(value: t.Any) -> bool:
    return _told(value) is None


def _put(side: Styles, path: Path, value: t.Any) -> None:
    if value is None:
        return
    for name in path[:-1]:
        side = side.setdefault(name, {})
    side[path[-1]] = value
