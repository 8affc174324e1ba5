# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What must not be in a backup, and how it is taken out. Pure."""

from __future__ import annotations

import json
import re
import typing as t

MASK = "***"

#: What to do about an object that a backup has with a mask in it.
UNMASK = "Put it back by hand from a copy of the file, with something better in the place of the key."

#: Sections of a backup that hold one object; the others hold several, by id.
SINGLE = frozenset({"theme", "snapshot"})

#: What the service may send in the place of a secret (contract, section 8, row 25).
PLACEHOLDER = "PLACEHOLDER_VALUE"

#: Parts of a snapshot that people fill with names of their own choice, and that hold no secrets.
_FREE_FORM = (
    *("flows/", "widgets/", "styles/", "assets/"),
    *("attributes.json", "jwttemplates.json", "lists.json", "permissions.json", "roles.json"),
)

#: How names of secrets end, without blanks, hyphens, underscores and capitals.
_SECRET = re.compile(
    r"(secret|password|passphrase|passwd|token|apikey|accesskey|privatekey|secretkey|signingkey|encryptionkey"
    r"|authkey|licensekey|serviceaccount|serviceaccountkey|credential|cleartext|hmac)$"
)
#: Names of objects and lists that hold nothing else.
_SECRETS = re.compile(r"(secrets|credentials)$")

Path = list[str | int]


def masked(value: t.Any, secret: str) -> t.Any:
    """Return a JSON value with another text in the place of a secret, wherever it stands."""
    if isinstance(value, str):
        return value.replace(secret, MASK)
    if isinstance(value, dict):
        return {masked(key, secret): masked(item, secret) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item, secret) for item in value]
    return value


def without_key(sections: t.Mapping[str, t.Any], key: str) -> tuple[dict[str, t.Any], list[str]]:
    """Return the sections of a backup without the management key, which somebody may have put into a flow.

    Returns:
        The sections, and the objects (C(SECTION/ID)) in which it stood.
    """
    shown = json.dumps(key)[1:-1]
    clean: dict[str, t.Any] = {}
    found: list[str] = []
    for section, content in sections.items():
        clean[section] = content
        if shown in json.dumps(content):
            clean[section] = masked(content, key)
            for name, item in {section: content}.items() if section in SINGLE else content.items():
                if shown in json.dumps({name: item}):
                    found.append(section if section in SINGLE else f"{section}/{masked(name, key)}")
    return clean, found


def without_secrets(files: t.Mapping[str, t.Any]) -> tuple[dict[str, t.Any], dict[str, list[Path]]]:
    """Return the files of a project snapshot with every secret blank, and where these stood.

    The service sends no secrets, but either nothing or a word in their place. Both come out blank, so that equal
    projects have equal snapshots; and so does anything else under a name that sounds like a secret's, should it ever
    send one.

    Returns:
        The files, and by file the paths of the secrets in it. A restore must not take these blanks for values.
    """
    found: dict[str, t.Any] = {}
    blanked: dict[str, list[Path]] = {}
    for name in sorted(files):
        found[name] = files[name]
        if not name.startswith(_FREE_FORM):
            paths: list[Path] = []
            found[name] = _blank(files[name], [], "", paths)
            if paths:
                blanked[name] = paths
    return found, blanked


def _blank(value: t.Any, path: Path, kind: str, found: list[Path]) -> t.Any:
    """Return a value without secrets.

    Args:
        value: a part of a file.
        path: where it stands.
        kind: C(one) for the value of a secret's name, C(all) for what is inside of an object of secrets.
        found: gets the paths of the secrets.
    """
    if isinstance(value, dict):
        # {type, value}, as in the service's lists of secrets that are missing (contract 4.2), or {type: value}.
        entry = kind == "all" and {"type", "value"} <= set(value)
        return {
            key: _blank(item, [*path, key], ("one" if key == "value" else "") if entry else _kind(key, kind), found)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_blank(item, [*path, index], kind, found) for index, item in enumerate(value)]
    if isinstance(value, str) and (kind or value == PLACEHOLDER):
        found.append(path)
        return ""
    return value


def _kind(name: str, around: str) -> str:
    plain = re.sub(r"[\s_-]", "", name).lower()
    if around == "all" or _SECRETS.search(plain):
        return "all"
    return "one" if _SECRET.search(plain) else ""
