# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(descope_restore) against the emulator: what it restores, what it leaves alone, what it refuses, what it tells."""

from __future__ import annotations

import copy
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils import _backup_files as files
from emulator.testing import KEY, PROJECT_ID, ThreadedEmulator
from tests.support.flows import sample

from .conftest import Run
from .test_restore_property import project_of

Json = dict[str, Any]

SECTIONS = ["tenants", "flows", "theme", "roles", "permissions"]
OTHER = "P2anotherProject"
STYLES = {"light": {"components": {"button": {"color": "#111111"}}}, "dark": {}}


@pytest.fixture
def project(emulator: ThreadedEmulator) -> ThreadedEmulator:
    """A project with something of every kind."""
    tenants = [
        {
            "id": "acme",
            "name": "Acme",
            "selfProvisioningDomains": ["acme.example"],
            "customAttributes": {"plan": "gold"},
        },
        {"id": "acme-emea", "name": "EMEA", "parent": "acme"},
        {"id": "globex", "name": "Globex", "domains": ["sso.globex.example"], "defaultRoles": ["Writer"]},
    ]
    emulator.edit("create_tenants", tenants=tenants)
    emulator.edit("set_password_settings", id="acme", settings={"enabled": True, "minLength": 12})
    emulator.edit("add_permission", name="Read", description="May read")
    emulator.edit("add_role", name="Editor", permissionNames=["Read"], description="Edits")
    emulator.edit("add_role", name="Own", tenantId="globex", permissionNames=["Read"], private=True)
    emulator.edit("import_flow", flow={**sample("basicflow.json"), "flowId": "ours"})
    emulator.edit("set_theme", styles=STYLES)
    return emulator


@pytest.fixture
def saved(project: ThreadedEmulator, run: Run) -> Path:
    """The backup of it."""
    result = run("descope_backup", sections=SECTIONS)
    assert not result["failed"], result["msg"]
    project.reset("log")
    return Path(result["backup_file"])


def rows(result: Json) -> dict[str, Json]:
    return {f"{row['kind']} {row['id']}": row for row in result["objects"]}


def changed(path: Path, change: Any) -> Path:
    """Return a copy of a backup that was changed and is intact."""
    document = files.read(path)
    change(document)
    document["checksums"] = {name: backup.checksum(items) for name, items in document["sections"].items()}
    copied = path.parent.parent / "changed.json"
    copied.write_text(json.dumps(document))
    return copied


def spoil(emulator: ThreadedEmulator) -> None:
    """Change, delete and add something of every kind."""
    emulator.edit("delete_tenant", id="globex")
    emulator.edit(
        "update_tenant", id="acme", tenant={"name": "Changed", "customAttributes": {"plan": "tin", "seats": 5}}
    )
    emulator.edit(
        "set_settings", id="acme", settings={"sessionTokenExpiration": 3, "sessionTokenExpirationUnit": "hours"}
    )
    emulator.edit("create_tenant", tenant={"id": "late", "name": "Late"})
    emulator.edit("remove_permission", name="Read")
    emulator.edit("add_permission", name="Later")
    emulator.edit("update_role", name="Editor", description="Writes")
    emulator.edit("add_role", name="Later")
    emulator.edit("delete_flow", id="ours")
    emulator.edit("update_flow", id="sign-in", set={"metadata.name": "Come in"})
    emulator.edit("import_flow", flow={**sample("basicflow.json"), "flowId": "later"})
    styles = copy.deepcopy(STYLES)
    styles["light"]["components"] = {"button": {"color": "#222222"}, "link": {"color": "#333333"}}
    emulator.edit("set_theme", styles=styles)


# -- all of it -------------------------------------------------------------------------------------------------------


def test_nothing_to_do(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    result = run("descope_restore", src=str(saved))
    assert not result["failed"]
    assert not result["changed"]
    assert result["diff"]["before"] == result["diff"]["after"] == ""
    assert {row["status"] for row in result["objects"]} == {"unchanged"}
    assert result["unmanaged"] == {}
    assert "backup_file" not in result
    assert project.writes() == []
    # handshake, four lists, two for each of three tenants, flows, theme
    assert result["requests"]["reads"] == 1 + 4 + 6 + len(files.read(saved)["sections"]["flows"]) + 1


def test_without_prune_what_came_later_stays(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    before = project_of(project)
    spoil(project)
    preview = run("descope_restore", check=True)
    assert project.writes() == []
    result = run("descope_restore")
    assert not result["failed"], result["msg"]
    assert preview["changed"]
    assert result["changed"]
    assert [preview[name] for name in ("msg", "summary", "objects", "unmanaged", "diff")] == [
        result[name] for name in ("msg", "summary", "objects", "unmanaged", "diff")
    ]
    now = project_of(project)
    for section in ("tenants", "roles", "permissions", "flows"):
        assert {key: now[section].get(key) for key in before[section]} == before[section]
    assert set(now["tenants"]) - set(before["tenants"]) == {"late"}
    assert now["theme"]["light"]["components"]["link"] == {"color": "#333333"}
    assert now["theme"]["light"]["components"]["button"] == {"color": "#111111"}
    assert result["unmanaged"] == {
        "tenants": ["late"],
        "flows": ["later"],
        "theme": ["light.components.link"],
        "roles": ["Later"],
        "permissions": ["Later"],
    }
    found = rows(result)
    assert found["tenant globex"]["status"] == found["flow ours"]["status"] == "created"
    assert found["tenant acme"]["changes"] == ["custom_attributes", "name", *SESSION]
    assert found["role Editor"]["changes"] == ["description", "permissions"]
    assert found["role globex/Own"]["status"] == "created"
    assert not run("descope_restore")["changed"]


SESSION = ["settings.session_token_expiration"]


def test_with_prune_it_goes(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    before = project_of(project)
    spoil(project)
    preview, result = run("descope_restore", prune=True, check=True), run("descope_restore", prune=True)
    assert not result["failed"], result["msg"]
    assert project_of(project) == before
    deleted = [name for name, row in rows(result).items() if row["status"] == "deleted"]
    assert deleted == ["tenant late", "flow later", "role Later", "permission Later"]
    assert preview["diff"] == result["diff"]
    diff = yaml.safe_load(result["diff"]["before"])
    assert list(diff) == sorted(diff)
    assert {"tenants/late", "flows/later", "roles/Later", "permissions/Later", "tenants/acme", "theme"} <= set(diff)
    assert "tenants/acme-emea" not in diff
    assert result["unmanaged"] == {}
    assert not run("descope_restore", prune=True)["changed"]


def test_what_was_there_is_saved_first_and_can_be_put_back(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    spoil(project)
    before = project_of(project)
    result = run("descope_restore", prune=True)
    document = files.read(Path(result["backup_file"]))
    assert document["reason"] == f"before a restore of {saved.name}"
    assert document["sections"]["tenants"]["globex"] is None
    assert document["sections"]["tenants"]["late"]["settings"]
    assert document["deleting"] == ["flows/later", "permissions/Later", "roles/Later", "tenants/late"]
    assert f"descope_backup_file={result['backup_file']}" in result["rollback"]
    back = run("descope_restore", src=result["backup_file"], prune=True)
    assert not back["failed"], back["msg"]
    assert project_of(project) == before


def test_a_backup_that_cannot_be_written_stops_everything(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    spoil(project)
    (saved.parent.parent / "file").write_text("")
    result = run("descope_restore", src=str(saved), backup_dir=str(saved.parent.parent / "file"))
    assert result["error_code"] == "backup_failed"
    assert not result["changed"]
    assert project.writes() == []


# -- some of it ------------------------------------------------------------------------------------------------------


def test_only_what_is_chosen_is_read_and_restored(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    spoil(project)
    before = project_of(project)
    project.reset("log")
    result = run("descope_restore", tenants=["globex"], prune=True)
    assert [row["id"] for row in result["objects"]] == ["globex"]
    assert {path.rpartition("/")[0] for path in (entry["path"] for entry in project.requests())} == {
        "/v1/mgmt",
        "/v1/mgmt/role",
        "/v1/mgmt/tenant",
        "/v1/mgmt/password",
    }
    now = project_of(project)
    assert {**now, "tenants": {}} == {**before, "tenants": {}}
    assert set(now["tenants"]) == {"acme", "acme-emea", "globex", "late"}
    assert result["unmanaged"] == {}
    result = run("descope_restore", sections=["roles", "permissions"], roles=["Editor"])
    assert list(rows(result)) == ["role Editor", "permission Read"]
    assert run("descope_restore", sections=["theme"])["changed"]
    assert run("descope_restore", flows=["ours"])["summary"]["created"] == 1


def test_of_a_part_only_what_it_says_was_not_there_is_deleted(project: ThreadedEmulator, run: Run) -> None:
    part = run("descope_backup", sections=["tenants", "flows"], tenants=["acme", "late"], flows=["later"])[
        "backup_file"
    ]
    spoil(project)
    result = run("descope_restore", src=part)
    assert result["unmanaged"]["tenants"] == ["acme-emea", "late"]
    assert "later" in result["unmanaged"]["flows"]
    result = run("descope_restore", src=part, prune=True)
    assert not result["failed"], result["msg"]
    assert {name: row["status"] for name, row in rows(result).items() if row["status"] != "unchanged"} == {
        "tenant late": "deleted",
        "flow later": "deleted",
    }
    assert result["unmanaged"]["tenants"] == ["acme-emea"]
    assert "sign-in" in result["unmanaged"]["flows"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"tenants": ["nobody"]}, "acme, acme-emea, globex"),
        ({"roles": ["Nobody"]}, "Editor"),
        ({"sections": ["snapshot"]}, "the backup holds no snapshot"),
    ],
)
def test_what_the_backup_does_not_hold(
    options: Json, named: str, saved: Path, project: ThreadedEmulator, run: Run
) -> None:
    result = run("descope_restore", src=str(saved), **options)
    assert result["failed"]
    assert result["problems"]
    assert named in result["msg"]
    assert project.requests() == []


@pytest.mark.parametrize(
    "options",
    [
        {"sections": []},
        {"tenants": [" "]},
        {"flows": []},
        {"sections": ["theme"], "tenants": ["acme"]},
        {"snapshot_secrets": {"connectors": []}},
    ],
)
def test_options_that_make_no_sense(options: Json, saved: Path, project: ThreadedEmulator, run: Run) -> None:
    result = run("descope_restore", **options)
    assert result["failed"]
    assert result["problems"]
    assert project.requests() == []


# -- which file ------------------------------------------------------------------------------------------------------


def test_the_latest_is_the_newest_that_holds_everything(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    run("descope_backup", sections=["tenants"], tenants=["acme"])
    flows = run("descope_backup", sections=["flows"])["backup_file"]
    (saved.parent / "20990101T000000Z-project-damaged.json").write_text(saved.read_text()[:-100])
    spoil(project)
    assert run("descope_restore", check=True)["restored_from"]["files"] == [str(saved)]
    assert run("descope_restore", sections=["flows"], check=True)["restored_from"]["files"] == [flows]
    assert run("descope_restore", tenants=["acme"])["restored_from"]["files"] == [str(saved)]
    # It has made a newer backup itself.
    again = run("descope_restore", tenants=["acme"])
    assert again["restored_from"]["files"] == [str(saved)]
    assert not again["changed"]


def test_the_latest_part(project: ThreadedEmulator, run: Run) -> None:
    part = run("descope_backup", sections=["tenants"], tenants=["acme"])["backup_file"]
    project.edit("update_tenant", id="acme", tenant={"name": "Changed"})
    for is_changed in (True, False):
        result = run("descope_restore", tenants=["acme"])
        assert result["restored_from"]["files"] == [part]
        assert result["changed"] == is_changed


def test_there_is_no_backup(project: ThreadedEmulator, run: Run) -> None:
    project.reset("log")
    result = run("descope_restore")
    assert result["error_code"] == "no_backup"
    assert "descope_backup_info" in result["hint"]
    result = run("descope_restore", src="/nowhere/file.json")
    assert result["error_code"] == "no_backup"
    assert project.requests() == []


def test_a_name_is_looked_for_in_the_folder(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    assert run("descope_restore", src=saved.name)["restored_from"]["files"] == [str(saved)]


def test_a_compressed_file(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    (saved.parent / "x.json.gz").write_bytes(gzip.compress(saved.read_bytes()))
    saved.unlink()
    spoil(project)
    assert run("descope_restore")["restored_from"]["files"][0].endswith("x.json.gz")


def test_what_is_refused(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    def file(text: str) -> str:
        path = saved.parent / f"odd-{len(text)}.json"
        path.write_text(text)
        return str(path)

    text = saved.read_text()
    newer = changed(saved, lambda document: document.update(schema_version=99))
    for src, code, said in (
        (file(text.replace("Acme", "Evil")), "bad_backup", "checksum of its section 'tenants'"),
        (file(text[:-50]), "bad_backup", "not JSON"),
        (file("{}"), "bad_backup", "is not a backup"),
        (str(saved.parent), "bad_backup", "cannot be read"),
    ):
        result = run("descope_restore", src=src)
        assert (result["error_code"], result["changed"]) == (code, False)
        assert said in result["msg"]
        assert src in result["msg"]
        assert result["hint"]
    result = run("descope_restore", src=str(newer))
    assert result["error_code"] == "newer_backup"
    assert "Upgrade" in result["hint"]
    other = changed(saved, lambda document: document["project"].update(id=OTHER))
    result = run("descope_restore", src=str(other))
    assert result["error_code"] == "other_project"
    assert OTHER in result["msg"]
    assert project.requests() == []
    assert not run("descope_restore", src=str(other), allow_other_project=True)["failed"]


# -- what cannot be restored -----------------------------------------------------------------------------------------


def test_a_domain_and_a_name_that_are_taken(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    project.edit("update_tenant", id="acme", tenant={"selfProvisioningDomains": []})
    project.edit("update_tenant", id="globex", tenant={"name": "Elsewhere"})
    late = {"id": "late", "name": "Globex", "selfProvisioningDomains": ["Acme.example"]}
    project.edit("create_tenant", tenant=late)
    project.edit("delete_tenant", id="acme-emea")
    result = run("descope_restore")
    found = rows(result)
    assert result["failed"]
    assert result["error_code"] == "cannot_restore"
    assert found["tenant acme"]["status"] == found["tenant globex"]["status"] == "failed"
    assert "its domain 'acme.example' is taken by the tenant 'late' (Globex)" in found["tenant acme"]["error"]
    assert "its name 'Globex' is taken by the tenant 'late'" in found["tenant globex"]["error"]
    assert "prune: true" in found["tenant acme"]["error"]
    # Its parent is there, though not as it was.
    assert found["tenant acme-emea"]["status"] == "created"
    assert result["changed"]
    assert not run("descope_restore", prune=True)["failed"]
    assert not run("descope_restore", prune=True)["changed"]


def test_a_parent_that_is_gone(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    project.edit("delete_tenant", id="acme-emea")
    project.edit("delete_tenant", id="acme")
    project.edit("create_tenant", tenant={"id": "late", "name": "Acme"})
    result = run("descope_restore")
    assert rows(result)["tenant acme"]["error"].startswith("its name 'Acme' is taken by the tenant 'late'")
    assert "its parent 'acme' could not be restored" in rows(result)["tenant acme-emea"]["error"]
    only = run("descope_restore", tenants=["acme-emea"])
    assert "its parent 'acme' is gone" in only["msg"]
    assert project.writes() == []


def test_a_role_whose_tenant_or_permission_is_gone(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    project.edit("delete_tenant", id="globex")
    project.edit("remove_permission", name="Read")
    project.reset("log")
    found = rows(run("descope_restore", sections=["roles"]))
    assert "its tenant 'globex' is gone" in found["role globex/Own"]["error"]
    assert "needs the permission 'Read'" in found["role Editor"]["error"]
    assert project.writes() == []
    assert not run("descope_restore", sections=["roles", "tenants", "permissions"])["failed"]


def test_what_the_management_key_stood_in(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    path = "contents.tasks.0.name"
    project.edit("update_flow", id="ours", set={path: f"Say {KEY}"})
    masked = Path(run("descope_backup", sections=["flows"])["backup_file"])
    project.edit("delete_flow", id="ours")
    project.reset("log")
    result = run("descope_restore", src=str(masked), prune=True)
    assert "the management key stood in it" in rows(result)["flow ours"]["error"]
    assert KEY not in json.dumps(result)
    assert project.writes() == []


def test_another_parent(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    before = project_of(project)
    project.edit("delete_tenant", id="acme-emea")
    project.edit("create_tenant", tenant={"id": "acme-emea", "name": "EMEA", "parent": "globex"})
    project.edit("create_tenant", tenant={"id": "below", "name": "Below", "parent": "acme-emea"})
    project.reset("log")
    result = run("descope_restore")
    assert "its parent is globex and was acme" in rows(result)["tenant acme-emea"]["error"]
    assert project.writes() == []
    some = run("descope_restore", tenants=["acme-emea"], prune=True)
    assert "sub-tenants that are not to be restored: below" in some["msg"]
    assert project.writes() == []
    result = run("descope_restore", prune=True)
    assert not result["failed"], result["msg"]
    assert result["recreated"] == ["acme-emea"]
    # Password settings are those of the parent.
    changes = ["parent", "password_settings.enabled", "password_settings.min_length"]
    assert rows(result)["tenant acme-emea"]["changes"] == changes
    assert rows(result)["tenant acme-emea"]["status"] == "updated"
    assert project_of(project) == before


def test_a_tenant_is_not_deleted_if_it_could_not_be_created_again(
    saved: Path, project: ThreadedEmulator, run: Run
) -> None:
    project.edit("delete_tenant", id="acme-emea")
    project.edit("create_tenant", tenant={"id": "acme-emea", "name": "Moved", "parent": ""})
    project.edit("create_tenant", tenant={"id": "late", "name": "EMEA"})
    project.edit("add_role", name="Precious", tenantId="acme-emea")
    project.reset("log")
    result = run("descope_restore", tenants=["acme-emea"], prune=True)
    assert "the role 'acme-emea/Precious' would be lost" in result["msg"]
    result = run("descope_restore", sections=["tenants", "roles"], tenants=["acme-emea"], prune=True)
    assert "is taken by the tenant 'late'" in result["msg"]
    assert "It was not deleted" in result["msg"]
    assert "acme-emea" in project_of(project)["tenants"]


def test_names_and_domains_in_a_circle(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    before = project_of(project)
    for tenant_id, name in (("acme", "x"), ("globex", "Acme"), ("acme", "EMEA"), ("acme-emea", "Globex")):
        if tenant_id == "acme" and name == "EMEA":
            project.edit("update_tenant", id="acme-emea", tenant={"name": "y"})
        project.edit("update_tenant", id=tenant_id, tenant={"name": name})
    preview, result = run("descope_restore", check=True), run("descope_restore")
    assert not result["failed"], result["msg"]
    assert preview["objects"] == result["objects"]
    assert preview["diff"] == result["diff"]
    assert "being restored" not in json.dumps(result)
    assert project_of(project) == before
    assert not run("descope_restore")["changed"]


def test_an_id_that_only_the_service_makes(project: ThreadedEmulator, run: Run) -> None:
    made = project.edit("create_tenant", tenant={"name": "Generated"})["id"]
    run("descope_backup", sections=["tenants"])
    before = project_of(project)
    project.edit("delete_tenant", id=made)
    result = run("descope_restore", sections=["tenants"])
    assert rows(result)[f"tenant {made}"]["status"] == "created"
    assert project_of(project) == before


def test_default_roles_that_are_the_tenants_own(project: ThreadedEmulator, run: Run) -> None:
    project.edit("update_tenant", id="globex", tenant={"defaultRoles": ["Own", "Writer"]})
    run("descope_backup", sections=SECTIONS)
    before = project_of(project)
    project.edit("delete_tenant", id="globex")
    preview, result = run("descope_restore", check=True), run("descope_restore")
    assert not result["failed"], result["msg"]
    assert preview["objects"] == result["objects"]
    assert rows(result)["tenant globex"]["status"] == "created"
    assert project_of(project) == before


# -- flows of another project ----------------------------------------------------------------------------------------


def test_flows_of_another_project_get_the_ids_of_this_one(project: ThreadedEmulator, run: Run) -> None:
    flow = copy.deepcopy(sample("connectorflow.json"))
    connector = project.edit("add_connector", name="My HTTP Connector")["id"]
    text = json.dumps(flow).replace(flow["references"]["connectors"]["My HTTP Connector"], connector)
    project.edit("import_flow", flow={**json.loads(text), "flowId": "connected"})
    saved = Path(run("descope_backup", sections=["flows"], flows=["connected"])["backup_file"])
    other = str(changed(saved, lambda document: document["project"].update(id=OTHER)))
    project.edit("delete_flow", id="connected")
    project.edit("remove_connector", name="My HTTP Connector")
    result = run("descope_restore", src=other, allow_other_project=True)
    assert "'My HTTP Connector'" in rows(result)["flow connected"]["error"]
    new = project.edit("add_connector", name="My HTTP Connector")["id"]
    result = run("descope_restore", src=other, allow_other_project=True)
    assert not result["failed"], result["msg"]
    stored = json.dumps(project.state(PROJECT_ID)["projects"][PROJECT_ID]["flows"]["connected"])
    assert new in stored
    assert connector not in stored
    assert not run("descope_restore", src=other, allow_other_project=True)["changed"]


# -- the snapshot ----------------------------------------------------------------------------------------------------


SECRET = "hunter2-the-secret-of-a-connector"


@pytest.fixture
def connected(project: ThreadedEmulator, run: Run) -> Path:
    project.edit("add_connector", name="Kept", secrets={"bearertoken": SECRET})
    project.edit("add_connector", name="Gone", secrets={"bearertoken": SECRET})
    path = Path(run("descope_backup")["backup_file"])
    project.reset("log")
    return path


def hashes(emulator: ThreadedEmulator) -> Json:
    connectors = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["connectors"]
    return {name: connector["secrets"] for name, connector in connectors.items()}


@pytest.mark.parametrize("how", ["placeholder", "blank"])
def test_a_snapshot(how: str, connected: Path, project: ThreadedEmulator, run: Run) -> None:
    project.switches(snapshot_secrets=how)
    before = hashes(project)
    options = {"src": str(connected), "sections": ["snapshot"]}
    assert not run("descope_restore", **options)["changed"]
    project.edit("update_project", name="Renamed")
    project.edit("add_connector", name="Later", secrets={"bearertoken": "another"})
    later = hashes(project)["Later"]
    preview, result = run("descope_restore", **options, check=True), run("descope_restore", **options)
    assert not result["failed"], result["msg"]
    assert preview["objects"] == result["objects"]
    assert preview["diff"] == result["diff"]
    assert result["objects"][0]["changes"] == ["project.json"]
    assert hashes(project) == {**before, "Later": later}
    assert files.read(Path(result["backup_file"]))["sections"]["snapshot"]["files"]["project.json"]["name"] == "Renamed"
    assert not run("descope_restore", **options)["changed"]
    assert run("descope_restore", **options, prune=True)["changed"]
    assert hashes(project) == before
    assert not run("descope_restore", **options, prune=True)["changed"]


def test_a_snapshot_that_needs_a_secret(connected: Path, project: ThreadedEmulator, run: Run) -> None:
    before = hashes(project)
    project.edit("remove_connector", name="Gone")
    options = {"src": str(connected), "sections": ["snapshot", "tenants"]}
    for check in (True, False):
        result = run("descope_restore", **options, check=check)
        assert result["failed"]
        assert "a secret is needed: 'bearertoken' of connectors 'Gone'" in rows(result)["snapshot snapshot"]["error"]
        assert "snapshot_secrets" in result["msg"]
    assert project.writes() == []
    given = {"connectors": [{"name": "Gone", "type": "bearertoken", "value": SECRET}]}
    result = run("descope_restore", **options, snapshot_secrets=given)
    assert not result["failed"], result["msg"]
    assert hashes(project) == before
    assert SECRET not in json.dumps(result)
    assert SECRET not in Path(result["backup_file"]).read_text()


def test_secrets_are_not_told_when_options_are_wrong(connected: Path, run: Run) -> None:
    given = {"connectors": [{"name": "Gone", "type": "bearertoken", "value": SECRET, "odd": 1}]}
    result = run("descope_restore", sections=["snapshot"], snapshot_secrets=given)
    assert result["failed"]
    assert SECRET not in json.dumps(result)


def test_a_plan_without_snapshots(connected: Path, project: ThreadedEmulator, run: Run) -> None:
    project.switches(snapshots="refused")
    project.edit("update_tenant", id="acme", tenant={"name": "Changed"})
    result = run("descope_restore", src=str(connected), sections=["snapshot", "tenants"])
    assert "the plan of this project has no snapshots" in rows(result)["snapshot snapshot"]["error"]
    assert rows(result)["tenant acme"]["status"] == "updated"


def test_without_being_named_the_snapshot_is_left_alone(connected: Path, project: ThreadedEmulator, run: Run) -> None:
    project.edit("update_project", name="Renamed")
    result = run("descope_restore", src=str(connected))
    assert not result["changed"]
    assert not any("snapshot" in entry["path"] for entry in project.requests())


# -- safety ----------------------------------------------------------------------------------------------------------


LISTS = {"tenants": "tenant/all", "roles": "role/all", "permissions": "permission/all"}


@pytest.mark.parametrize("section", LISTS)
@pytest.mark.parametrize("check", [True, False])
def test_an_empty_list_is_doubted(check: bool, section: str, saved: Path, project: ThreadedEmulator, run: Run) -> None:
    empty = {"kind": "status", "status": 200, "body": {section: []}}
    project.faults([{"match": {"path": f"/v1/mgmt/{LISTS[section]}"}, "do": empty}])
    result = run("descope_restore", src=str(saved), check=check)
    assert result["error_code"] == "doubtful_read", result["msg"]
    assert "descope_allow_empty_read=true" in result["hint"]
    assert project.writes() == []
    assert list(saved.parent.iterdir()) == [saved]


def test_flows_are_asked_for_one_by_one(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    """An empty list of flows hides none of those in the backup, and with prune deletes none that came later."""
    project.edit("import_flow", flow={**sample("basicflow.json"), "flowId": "later"})
    empty = {"kind": "status", "status": 200, "body": {"flows": [], "total": 0}}
    project.faults([{"match": {"path": "/v1/mgmt/flow/list"}, "do": empty}])
    result = run("descope_restore", src=str(saved), sections=["flows"], prune=True)
    assert not result["failed"], result["msg"]
    assert not result["changed"]


def test_after_a_disaster_it_can_be_allowed(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    before = project_of(project)
    for tenant in ("acme-emea", "acme", "globex"):
        project.edit("delete_tenant", id=tenant)
    assert run("descope_restore", src=str(saved))["error_code"] == "doubtful_read"
    assert not run("descope_restore", src=str(saved), allow_empty_read=True)["failed"]
    assert project_of(project) == before


def test_nothing_is_done_that_was_not_planned(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    spoil(project)
    planned = run("descope_restore", src=str(saved), prune=True, check=True)["planned"]
    assert "deleted tenants/late" in planned
    assert planned == sorted(planned)
    project.edit("create_tenant", tenant={"id": "later-still", "name": "Later still"})
    project.reset("log")
    result = run("descope_restore", src=str(saved), prune=True, planned=planned)
    assert result["error_code"] == "plan_changed"
    assert "deleted tenants/later-still" in result["msg"]
    assert project.writes() == []
    project.edit("delete_tenant", id="later-still")
    result = run("descope_restore", src=str(saved), prune=True, planned=planned)
    assert not result["failed"], result["msg"]
    assert result["planned"] == planned


def test_tenants_that_lose_a_default_role_are_saved_whole(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    project.edit("add_role", name="Later")
    project.edit("update_tenant", id="acme", tenant={"defaultRoles": ["Later"]})
    before = project_of(project)
    result = run("descope_restore", src=str(saved), sections=["roles"], prune=True)
    document = files.read(Path(result["backup_file"]))
    assert document["sections"]["tenants"]["acme"]["password_settings"]["min_length"] == 12
    assert "partial" not in document
    assert not run("descope_restore", src=result["backup_file"])["failed"]
    assert project_of(project)["tenants"] == before["tenants"]


def test_a_part_of_a_tenant_creates_none(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    part = Path(run("descope_tenant", id="acme", name="Renamed")["backup_file"])
    assert files.read(part)["partial"] == ["tenants/acme"]
    assert not run("descope_restore", src=str(part))["failed"]
    project.edit("delete_tenant", id="acme-emea")
    project.edit("delete_tenant", id="acme")
    result = run("descope_restore", src=str(part))
    assert "choose a backup of the whole project" in rows(result)["tenant acme"]["error"]
    assert not run("descope_restore", tenants=["acme"])["failed"]


def test_a_part_of_a_tenant_does_not_make_it_anew(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    project.edit("create_tenant", tenant={"id": "alone", "name": "Alone"})
    part = Path(run("descope_tenant", id="alone", name="Renamed")["backup_file"])
    project.edit("delete_tenant", id="alone")
    project.edit("create_tenant", tenant={"id": "alone", "name": "Alone", "parent": "acme"})
    project.reset("log")
    result = run("descope_restore", src=str(part), prune=True)
    assert "the backup has only part of: alone" in rows(result)["tenant alone"]["error"]
    assert project.writes() == []


def test_the_steps_of_a_run_fill_a_part(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    project.edit("create_tenant", tenant={"id": "alone", "name": "Alone"})
    project.edit("set_password_settings", id="alone", settings={"enabled": True, "minLength": 14})
    before = project_of(project)
    steps = [
        run("descope_tenant", id="alone", name="Renamed")["backup_file"],
        run("descope_tenant", id="alone", state="absent")["backup_file"],
    ]
    result = run("descope_restore", src=steps)
    assert not result["failed"], result["msg"]
    assert project_of(project) == before


def test_another_backup_that_has_it_is_named(saved: Path, project: ThreadedEmulator, run: Run) -> None:
    part = run("descope_backup", sections=["tenants"], tenants=["acme"])["backup_file"]
    assert f"The newest that has it is {saved.name}" in str(run("descope_restore", src=part, tenants=["globex"]))
