# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flows of a new project: "more than 5 out of the box", among them "Sign Up or In" [RUBY (T)].

The real ones are larger; these are small ones of the same make.
"""

from __future__ import annotations

import hashlib
from typing import Any

Json = dict[str, Any]

# id, name, title of the screen, label of its field, action behind it
_FLOWS = (
    ("sign-up-or-in", "Sign Up or In", "Welcome", "Email", "sign-up-or-in"),
    ("sign-up", "Sign Up", "Create an account", "Email", "sign-up"),
    ("sign-in", "Sign In", "Welcome back", "Email", "sign-in"),
    ("step-up", "Step Up", "Confirm that it is you", "Code", "step-up"),
    ("update-user", "Update User", "Your details", "Name", "update-user-properties"),
    ("add-passkeys", "Add Passkeys", "Add a passkey", "Name of the device", "webauthn-add-device-start"),
)


def _node(key: str, kind: str, props: Json, children: tuple[str, ...] = ()) -> Json:
    value: Json = {
        "custom": {},
        "displayName": kind,
        "hidden": False,
        "isCanvas": bool(children),
        "linkedNodes": {},
        "nodes": list(children),
        "props": {"id": key, **props},
        "type": {"resolvedName": kind},
    }
    return value if key == "ROOT" else value | {"parent": "ROOT"}


def _screen(flow_id: str, title: str, label: str) -> Json:
    nodes = {
        "titleText": _node("titleText", "Text", {"children": title, "variant": "h1"}),
        "mainInput": _node("mainInput", "Input", {"label": label, "required": True}),
        "submitId": _node("submitId", "Button", {"children": "Continue", "variant": "contained"}),
    }
    root = _node("ROOT", "Container", {"direction": "column", "width": "100%"}, tuple(nodes))
    return {
        "screenId": "SC2" + hashlib.sha256(flow_id.encode()).hexdigest()[:26],
        "interactions": [
            {"id": "submitId", "type": "submit", "label": "Continue", "icon": "", "subType": ""},
            {"id": "cancelId", "type": "button", "label": "Cancel", "icon": "", "subType": ""},
        ],
        "contents": {"ROOT": root} | nodes,
    }


def _task(key: str, name: str, left: int, rules: list[tuple[str, str]], **more: Any) -> Json:
    following = {"rules": [{"interactionId": interaction, "taskId": task} for interaction, task in rules]}
    return {"id": key, "name": name, "next": following if rules else {}, "view": {"x": left, "y": 0}, **more}


def _flow(flow_id: str, name: str, title: str, label: str, action: str) -> Json:
    screen = _screen(flow_id, title, label)
    tasks = {
        "start": _task("start", "start", 0, [("", "1")]),
        "1": _task("1", title, 250, [("submitId", "2"), ("cancelId", "0")], type="screen", screenId=screen["screenId"]),
        "2": _task("2", name, 500, [("success", "0")], type="automated", action=action),
        "0": _task("0", "End", 750, [], type="automated", action="logged-in"),
    }
    return {
        "flowId": flow_id,
        "metadata": {"name": name, "description": f"{name} with one screen"},
        "contents": {"startTask": "1", "tasks": tasks},
        "screens": [screen],
        "references": {},
    }


def default_flows() -> list[Json]:
    """New ones for each project, in the form of v2."""
    return [_flow(*values) for values in _FLOWS]
