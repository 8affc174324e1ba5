# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When two snapshots say the same, and what is sent to put one back."""

from __future__ import annotations

from typing import Any

from ansible_collections.pcc.identity.plugins.module_utils._restore_snapshot_files import differing, normal, to_send

Json = dict[str, Any]


def connector(ident: str, name: str, secret: str) -> Json:
    return {f"connectors/http-{ident}.json": {"id": ident, "name": name, "type": "http", "secrets": {"token": secret}}}


def snapshot(*connectors: Json, **more: Any) -> Json:
    files: Json = {path: content for each in connectors for path, content in each.items()}
    slugs = [path.removeprefix("connectors/").removesuffix(".json") for path in files]
    return {"connectors/connectors.json": {"connectors": slugs}, **files, **more}


def test_ids_orders_stamps_and_placeholders_do_not_count() -> None:
    roles = [{"name": "A", "permissionNames": ["x", "y"]}, {"name": "B"}]
    one = snapshot(connector("CI2one", "C", "PLACEHOLDER_VALUE"))
    one |= {"roles.json": {"roles": roles}, "styles/styles.json": {"componentsVersion": "1", "styles": {}}}
    other = snapshot(connector("CI2two", "C", ""))
    other |= {
        "roles.json": {"roles": [roles[1], {"name": "A", "permissionNames": ["y", "x"]}]},
        "styles/styles.json": {"componentsVersion": "2", "styles": {}},
    }
    assert differing(normal(one), normal(other)) == []
    other["auth/otp.json"] = {"enabled": True}
    assert differing(normal(one), normal(other)) == ["auth/otp.json"]
    assert differing(normal(one, ["auth/"]), normal(other, ["auth/"])) == []


def test_in_the_place_of_a_secret_goes_what_the_service_shows_there() -> None:
    saved = snapshot(connector("CI2old", "C", ""), connector("CI2gone", "Gone", ""))
    live = snapshot(connector("CI2new", "C", "PLACEHOLDER_VALUE"))
    blanked = {path: [["secrets", "token"]] for path in saved if path.startswith("connectors/http")}
    sent = to_send(saved, blanked, live, exact=True)
    assert sent["connectors/http-CI2old.json"]["secrets"] == {"token": "PLACEHOLDER_VALUE"}
    assert sent["connectors/http-CI2gone.json"]["secrets"] == {"token": ""}
    assert saved["connectors/http-CI2old.json"]["secrets"] == {"token": ""}


def test_entries_of_lists_are_found_by_their_names() -> None:
    saved = {
        "outboundapps.json": {"outboundApps": [{"name": "A", "clientSecret": ""}, {"name": "B", "clientSecret": ""}]}
    }
    live = {"outboundapps.json": {"outboundApps": [{"name": "B", "clientSecret": "of B"}]}}
    blanked = {"outboundapps.json": [["outboundApps", 0, "clientSecret"], ["outboundApps", 1, "clientSecret"]]}
    (apps,) = to_send(saved, blanked, live, exact=True)["outboundapps.json"].values()
    assert [app["clientSecret"] for app in apps] == ["", "of B"]


def test_what_came_later_is_sent_along_unless_it_shall_go() -> None:
    saved = snapshot(connector("CI2old", "C", ""), **{"lists.json": {"lists": [{"name": "L", "data": 1}]}})
    later = {
        "lists.json": {"lists": [{"name": "L", "data": 2}, {"name": "New", "data": 3}]},
        "widgets/w.json": {"a": 1},
    }
    live = snapshot(connector("CI2new", "C", ""), connector("CI2later", "Later", ""), **later)
    sent = to_send(saved, {}, live, exact=False)
    assert sent["connectors/connectors.json"] == {"connectors": ["http-CI2old", "http-CI2later"]}
    assert "connectors/http-CI2later.json" in sent
    assert "connectors/http-CI2new.json" not in sent
    assert sent["lists.json"] == {"lists": [{"name": "L", "data": 1}, {"name": "New", "data": 3}]}
    assert sent["widgets/w.json"] == {"a": 1}
    assert to_send(saved, {}, live, exact=True) == saved
