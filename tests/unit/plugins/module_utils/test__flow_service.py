# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading and writing flows, against the emulator."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._flow_plan import Desired, FlowChange, make_plan
from ansible_collections.pcc.identity.plugins.module_utils._flow_service import (
    DELETE,
    EXPORT,
    EXPORT_V1,
    IMPORT,
    IMPORT_V1,
    LIST,
    ROLES,
    SNAPSHOT,
    FlowService,
)
from ansible_collections.pcc.identity.plugins.module_utils._json import same
from emulator.testing import PROJECT_ID, ThreadedEmulator
from tests.support.flows import stored_flow
from tests.unit.plugins.module_utils.flow_cases import FLOWS, Json
from tests.unit.plugins.module_utils.support import client

BASIC, CONNECTOR, ROLE = FLOWS[:3]
PHONE = next(flow for flow in FLOWS if flow["flowId"] == "user-profile-set-phone")
NAME, ROLE_NAME = "My HTTP Connector", "My User Role"
V1 = {"flow_v2": 404}


@pytest.fixture
def service(emulator: ThreadedEmulator) -> Iterator[FlowService]:
    with client(emulator.base_url, timeout=5) as made:
        yield FlowService(made)


def paths(emulator: ThreadedEmulator) -> list[str]:
    """What was asked, without the handshake of the session."""
    return [entry["path"] for entry in emulator.requests() if not entry["path"].endswith("/license")]


def put(emulator: ThreadedEmulator, flow: Json, **changes: Any) -> Json:
    result = {**copy.deepcopy(flow), **changes}
    emulator.edit("import_flow", flow=result)
    return result


def live(emulator: ThreadedEmulator) -> Json:
    return emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["flows"]


def equal(one: Json, other: Json) -> bool:
    return same(normal(one), normal(other))


def changed(flow: Json, name: str = "Finish") -> Json:
    flow = copy.deepcopy(flow)
    flow["contents"]["tasks"]["0"]["name"] = name
    return flow


def deploy(service: FlowService, *desired: Desired) -> list[Outcome]:
    plan = make_plan(desired, service.read(desired))
    return [service.write(change) for change in plan.changes if isinstance(change, FlowChange)]


# -- reading ---------------------------------------------------------------------------------------------------------


def test_list(service: FlowService, emulator: ThreadedEmulator) -> None:
    put(emulator, BASIC)
    found = service.list_all()
    assert set(found) == set(live(emulator))
    assert found["basic-flow"]["name"] == "Basic Flow"
    assert paths(emulator) == [LIST]


def test_templates(service: FlowService) -> None:
    assert all(each["id"] for each in service.templates())


@pytest.mark.parametrize("switches", [{}, V1], ids=["v2", "v1"])
def test_export(switches: Json, service: FlowService, emulator: ThreadedEmulator) -> None:
    put(emulator, PHONE)
    emulator.switches(**switches)
    first = service.export("user-profile-set-phone")
    assert first["flowId"] == "user-profile-set-phone"
    assert equal(first, PHONE)
    # Which version there is, is learnt once.
    emulator.reset("log")
    service.export("user-profile-set-phone")
    assert paths(emulator) == [EXPORT_V1 if switches else EXPORT]


@pytest.mark.parametrize("body", [{"flow": {}}, {"flow": {"contents": []}}, {}], ids=str)
def test_an_export_of_another_shape(body: Json, service: FlowService, emulator: ThreadedEmulator) -> None:
    emulator.faults([{"match": {"path": EXPORT}, "do": {"kind": "status", "status": 200, "body": body}}])
    with pytest.raises(ServiceError, match="The export of the flow 'sign-in' ") as caught:
        service.export("sign-in")
    assert caught.value.code == "bad_response"


@pytest.mark.parametrize("status", [404, 400])
@pytest.mark.parametrize("version", [{}, V1], ids=["v2", "v1"])
def test_looking_for_a_flow_that_is_not_there(
    status: int, version: Json, service: FlowService, emulator: ThreadedEmulator
) -> None:
    emulator.switches(flow_unknown_export=status, **version)
    service.export("sign-in")
    assert service.look("nowhere") is None
    found = service.look("sign-in")
    assert found is not None
    assert found["flowId"] == "sign-in"


def test_looking_for_a_flow_that_is_listed_but_not_exported_yet(
    service: FlowService, emulator: ThreadedEmulator
) -> None:
    fault = {"match": {"path": EXPORT}, "do": {"kind": "status", "status": 404, "code": "E112404"}}
    emulator.faults([{**fault, "times": 1}])
    assert service.look("sign-in") is not None
    emulator.faults([fault])
    with pytest.raises(ServiceError) as caught:
        service.look("sign-in")
    assert caught.value.status == 404


@pytest.mark.parametrize("status", [403, 500])
def test_looking_fails(status: int, service: FlowService, emulator: ThreadedEmulator) -> None:
    emulator.faults([{"match": {"path": EXPORT}, "do": {"kind": "status", "status": status}}])
    with pytest.raises(ServiceError) as caught:
        service.look("sign-in")
    assert caught.value.status == status
    assert LIST not in paths(emulator)


def test_reading_what_a_plan_needs(service: FlowService, emulator: ThreadedEmulator) -> None:
    put(emulator, BASIC)
    found = service.read([Desired("basic-flow"), Desired("new", definition=PHONE), Desired("sign-in", absent=True)])
    assert found.project == PROJECT_ID
    assert set(found.listed) == set(live(emulator))
    assert set(found.flows) == {"basic-flow", "sign-in"}
    assert sorted(paths(emulator)) == sorted([LIST, EXPORT, EXPORT, EXPORT])


def test_a_flow_that_is_not_listed_yet_is_found_all_the_same(service: FlowService, emulator: ThreadedEmulator) -> None:
    emulator.switches(visibility_delay=3600)
    deploy(service, Desired("basic-flow", definition=BASIC))
    assert "basic-flow" not in service.list_all()
    assert equal(service.read([Desired("basic-flow")]).flows["basic-flow"], BASIC)


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_listed_flow_that_cannot_be_read_fails_the_run(
    status: int, service: FlowService, emulator: ThreadedEmulator
) -> None:
    emulator.faults([{"match": {"path": EXPORT}, "do": {"kind": "status", "status": status, "code": "E112404"}}])
    with pytest.raises(ServiceError):
        service.read([Desired("sign-in", definition=BASIC)])


# -- connectors and roles --------------------------------------------------------------------------------------------


def test_nothing_is_looked_up_that_the_live_flow_tells(service: FlowService, emulator: ThreadedEmulator) -> None:
    object_id = emulator.edit("add_connector", name=NAME)["id"]
    own = copy.deepcopy(CONNECTOR)
    own["contents"]["tasks"]["1"]["arguments"]["used"] = {"type": "inline", "value": object_id}
    put(emulator, own, references={"connectors": {NAME: object_id}})
    found = service.read([Desired("references-flow", definition=CONNECTOR)])
    assert found.known.ids["connectors"] == {NAME: object_id}
    assert paths(emulator) == [LIST, EXPORT]


def test_roles_are_listed(service: FlowService, emulator: ThreadedEmulator) -> None:
    object_id = emulator.edit("add_role", name=ROLE_NAME)["id"]
    found = service.read([Desired("references-flow", definition=ROLE)])
    assert found.known.ids["roles"][ROLE_NAME] == object_id
    assert found.known.complete == {"roles"}
    assert ROLES in paths(emulator)
    assert SNAPSHOT not in paths(emulator)


def test_roles_of_a_tenant_do_not_count(service: FlowService, emulator: ThreadedEmulator) -> None:
    entries = [
        {"id": "ROLtenanttenant1", "name": ROLE_NAME, "tenantId": "t"},
        {"id": "", "name": "No id"},
        {"id": "ROLnamenamename1"},
        {"id": "ROLgoodgoodgood1", "name": "Good"},
    ]
    body = {"roles": entries}
    emulator.faults([{"match": {"path": ROLES}, "do": {"kind": "status", "status": 200, "body": body}}])
    found = service.read([Desired("x", definition=ROLE)])
    assert found.known.ids["roles"] == {"Good": "ROLgoodgoodgood1"}


def test_connectors_are_taken_from_the_snapshot(service: FlowService, emulator: ThreadedEmulator) -> None:
    object_id = emulator.edit("add_connector", name=NAME)["id"]
    found = service.read([Desired("references-flow", definition=CONNECTOR)])
    assert found.known.ids["connectors"][NAME] == object_id
    assert SNAPSHOT in paths(emulator)


@pytest.mark.parametrize("files", [None, [], "x"], ids=str)
def test_a_snapshot_of_another_shape(files: Any, service: FlowService, emulator: ThreadedEmulator) -> None:
    body = {"files": files}
    emulator.faults([{"match": {"path": SNAPSHOT}, "do": {"kind": "status", "status": 200, "body": body}}])
    assert service.read([Desired("x", definition=CONNECTOR)]).known.ids["connectors"] == {}


def test_files_of_a_snapshot(service: FlowService, emulator: ThreadedEmulator) -> None:
    files = {
        "connectors/one-CIone.json": {"name": "One"},
        "connectors/two.json": {"name": "Two", "id": "CItwo"},
        "connectors/three.json": {"name": "Three"},
        "connectors/four-CIfour.json": {"name": 4},
        "connectors/five-CIfive.json": "odd",
        "connectors/six-CIsix.txt": {"name": "Six"},
        "flows/connectors/seven-CIseven.json": {"name": "Seven"},
    }
    body = {"files": files}
    emulator.faults([{"match": {"path": SNAPSHOT}, "do": {"kind": "status", "status": 200, "body": body}}])
    found = service.read([Desired("x", definition=CONNECTOR)])
    assert found.known.ids["connectors"] == {"One": "CIone", "Two": "CItwo"}


def test_without_a_snapshot_other_flows_tell(service: FlowService, emulator: ThreadedEmulator) -> None:
    emulator.switches(snapshots="refused")
    object_id = emulator.edit("add_connector", name=NAME)["id"]
    other = copy.deepcopy(CONNECTOR)
    other["contents"]["tasks"]["1"]["arguments"]["used"] = {"type": "inline", "value": object_id}
    put(emulator, other, flowId="other", references={"connectors": {NAME: object_id}})
    found = service.read([Desired("references-flow", definition=CONNECTOR)])
    assert found.known.ids["connectors"][NAME] == object_id
    # These were read for their names only.
    assert found.flows == {}


@pytest.mark.parametrize("status", [401, 404, 500])
def test_only_a_rejected_key_stops_the_search(status: int, service: FlowService, emulator: ThreadedEmulator) -> None:
    emulator.faults([{"match": {"path": SNAPSHOT}, "do": {"kind": "status", "status": status}}])
    desired = [Desired("x", definition=CONNECTOR)]
    if status == 401:
        with pytest.raises(ServiceError):
            service.read(desired)
    else:
        assert NAME not in service.read(desired).known.ids["connectors"]


# -- writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("switches", [{}, V1, {"flow_v2": 405}, {"flow_v2": 501}], ids=str)
def test_create_update_delete(switches: Json, service: FlowService, emulator: ThreadedEmulator) -> None:
    emulator.switches(**switches)
    (created,) = deploy(service, Desired("mine", definition=PHONE))
    assert (created.status, created.id, created.changed) == ("created", "mine", True)
    stored = stored_flow(emulator, "mine")
    assert (stored["flowId"], stored["contents"]) == ("mine", PHONE["contents"])
    (updated,) = deploy(service, Desired("mine", definition=changed(PHONE)))
    assert (updated.status, updated.applied) == ("updated", ["steps: Finish"])
    assert stored_flow(emulator, "mine")["contents"]["tasks"]["0"]["name"] == "Finish"
    (deleted,) = deploy(service, Desired("mine", absent=True))
    assert (deleted.status, deleted.changed) == ("deleted", True)
    assert "mine" not in live(emulator)
    path = IMPORT_V1 if switches else IMPORT
    assert {entry["path"] for entry in emulator.writes() if entry["applied"]} == {path, DELETE}


@pytest.mark.parametrize("flow", FLOWS, ids=[f"{flow['flowId']}-{n}" for n, flow in enumerate(FLOWS)])
@pytest.mark.parametrize("switches", [{}, V1, {"flow_references": "absent", "flow_zero_values": "absent"}], ids=str)
def test_the_real_exports_are_written_once(
    flow: Json, switches: Json, service: FlowService, emulator: ThreadedEmulator
) -> None:
    emulator.switches(list_order="reversed", **switches)
    emulator.edit("add_connector", name=NAME)
    emulator.edit("add_role", name=ROLE_NAME)
    desired = Desired(flow["flowId"], definition=flow)
    (outcome,) = deploy(service, desired)
    assert outcome.status == "created", outcome.error
    emulator.edit("set_components_version", version="9.9.9")
    assert deploy(service, desired) == []


def test_a_new_flow_that_shows_late(service: FlowService, emulator: ThreadedEmulator) -> None:
    emulator.switches(visibility_delay=3600)
    (outcome,) = deploy(service, Desired("mine", definition=BASIC))
    assert outcome.status == "created"


def test_a_flow_that_the_service_refuses(service: FlowService, emulator: ThreadedEmulator) -> None:
    put(emulator, BASIC)
    bad = changed(BASIC)
    bad["screens"] = [{"screenId": "x", "contents": {}}]
    (outcome,) = deploy(service, Desired("basic-flow", definition=bad))
    assert (outcome.status, outcome.changed) == ("failed", False)
    assert "It is as it was before." in str(outcome.error)
    assert equal(stored_flow(emulator, "basic-flow"), BASIC)


@pytest.mark.parametrize("exists", [True, False])
def test_what_the_service_makes_something_else_of_is_undone(
    exists: bool, service: FlowService, emulator: ThreadedEmulator
) -> None:
    if exists:
        put(emulator, BASIC)
    fault = {"kind": "rewrite", "replace": {"Finish": "Broken"}}
    emulator.faults([{"match": {"path": IMPORT}, "times": 1, "do": fault}])
    (outcome,) = deploy(service, Desired("basic-flow", definition=changed(BASIC)))
    assert (outcome.status, outcome.changed) == ("failed", False)
    assert isinstance(outcome.error, IdentityError)
    assert outcome.error.code == "undone"
    assert "What was read back is not what was sent: steps: Finish. It was undone: " in outcome.error.message
    assert ("basic-flow" in live(emulator)) is exists
    if exists:
        assert equal(stored_flow(emulator, "basic-flow"), BASIC)


def test_a_flow_that_cannot_be_put_back(service: FlowService, emulator: ThreadedEmulator) -> None:
    put(emulator, BASIC)
    fault = {"kind": "rewrite", "replace": {"Finish": "Broken", "End": "Broken"}}
    emulator.faults([{"match": {"path": IMPORT}, "do": fault}])
    (outcome,) = deploy(service, Desired("basic-flow", definition=changed(BASIC)))
    assert (outcome.status, outcome.changed) == ("failed", None)
    assert isinstance(outcome.error, IdentityError)
    assert outcome.error.code == "undo_failed"


def test_many_differences_are_counted(service: FlowService, emulator: ThreadedEmulator) -> None:
    fault = {"kind": "rewrite", "replace": {"Update User": "Updated", "Set Phone": "Phone", "Verif": "Check"}}
    emulator.faults([{"match": {"path": IMPORT}, "times": 1, "do": fault}])
    (outcome,) = deploy(service, Desired("mine", definition=PHONE))
    assert " more. It was undone: what had appeared was deleted again." in str(outcome.error)


def test_a_deletion_that_is_ignored(service: FlowService, emulator: ThreadedEmulator) -> None:
    emulator.faults([{"match": {"path": DELETE}, "do": {"kind": "status", "status": 200, "body": {}}}])
    (outcome,) = deploy(service, Desired("sign-in", absent=True))
    assert (outcome.status, outcome.changed) == ("failed", False)
    assert isinstance(outcome.error, IdentityError)
    assert outcome.error.code == "not_kept"
    assert "sign-in" in live(emulator)


def test_a_deletion_that_leaves_something_else(service: FlowService, emulator: ThreadedEmulator) -> None:
    """Somebody else writes the flow at the same moment."""
    put(emulator, BASIC)
    found = service.read([Desired("basic-flow", absent=True)])
    (change,) = make_plan([Desired("basic-flow", absent=True)], found).changes
    assert isinstance(change, FlowChange)
    put(emulator, changed(BASIC, "Somebody else's"))
    emulator.faults([{"match": {"path": DELETE}, "do": {"kind": "status", "status": 200, "body": {}}}])
    outcome = service.write(change)
    assert "What was read back is not what was sent: it is still there." in str(outcome.error)


def test_a_flow_that_vanishes(service: FlowService, emulator: ThreadedEmulator) -> None:
    put(emulator, BASIC)
    desired = [Desired("basic-flow", definition=changed(BASIC))]
    (change,) = make_plan(desired, service.read(desired)).changes
    assert isinstance(change, FlowChange)
    emulator.edit("delete_flow", id="basic-flow")
    ignored = {"kind": "status", "status": 200, "body": {}}
    emulator.faults([{"match": {"path": IMPORT}, "times": 1, "do": ignored}])
    outcome = service.write(change)
    assert "What was read back is not what was sent: it is not there. It was undone" in str(outcome.error)
    assert equal(stored_flow(emulator, "basic-flow"), BASIC)
