# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Diffs as Ansible shows them: before and after as YAML keyed by object, holding only what changes. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._plan import DELETE, Change


def render(
    changes: t.Iterable[Change], shape: t.Callable[[dict[str, t.Any]], dict[str, t.Any]], header: str
) -> dict[str, str]:
    """Return a diff of some changes.

    Args:
        changes: those to show.
        shape: turns the flat fields of a change into what users see.
        header: what was compared; Ansible itself puts C(before) and C(after) in front of it.

    Returns:
        C(before), C(after) (YAML, sorted by key, empty where there is nothing) and their headers.
    """
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    for change in changes:
        if change.before or change.action == DELETE:
            before[change.key] = shape(change.before)
        if change.after:
            after[change.key] = shape(change.after)
    return {
        "before_header": header,
        "after_header": header,
        "before": _yaml(before),
        "after": _yaml(after),
    }


def dotted(value: t.Any) -> t.Any:
    """Return an object without objects inside it: C({'a': {'b': 1}}) becomes C({'a.b': 1}).

    Ansible shows three lines around a difference. In deep objects those would not tell what it is about.
    """
    if not isinstance(value, dict):
        return value
    flat: dict[str, t.Any] = {}
    for key, inner in value.items():
        # A key with a dot in it is quoted, so that no two paths are the same.
        name = f"'{key}'" if "." in str(key) else str(key)
        if isinstance(inner, dict) and inner:
            flat.update({f"{name}.{rest}": leaf for rest, leaf in dotted(inner).items()})
        else:
            flat[name] = inner
    return flat


def _yaml(value: dict[str, t.Any]) -> str:
    if not value:
        return ""
    import yaml

    # The C implementation is some ten times faster; wheels have it, other builds may not.
    dumper: t.Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    def dumped(how: t.Any, *, allow_unicode: bool) -> str:
        return str(
            yaml.dump(
                value, Dumper=how, allow_unicode=allow_unicode, sort_keys=True, default_flow_style=False, width=200
            )
        )

    try:
        return dumped(dumper, allow_unicode=True)
    except UnicodeEncodeError:  # half a character, as JavaScript may leave it behind
        return dumped(yaml.SafeDumper, allow_unicode=False)
