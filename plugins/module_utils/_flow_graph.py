# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""A flow as a graph: steps, where they lead, which of them sign a user in. Pure.

Works on the normal form (L(_flow_normal.normal)). The names of actions are those of real exports.
"""

from __future__ import annotations

import collections
import re
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import Normal

#: Steps that let a user sign in: Sign In, Sign Up, and Sign Up or In by some method.
_SIGN_IN = re.compile(r"(?:sign-up-or-in|sign-in|sign-up)-(?P<method>.+)")
#: The same for methods whose actions are named the other way round.
_NAMED_FIRST = re.compile(r"(?P<method>[a-z0-9-]+?)-(?:sign-up-or-in|sign-in|sign-up)(?:-start)?")
_SOCIAL = re.compile(r"oauth-start(?:-.+)?")
_RECOVERY = re.compile(r".*recovery-?code.*")
#: Steps that finish what a sign-in step began, so that the user has proven who they are.
_PROVEN = re.compile(r"(?:verify|exchange)-.+|.+-(?:finish|exchange)|step-up")
#: Methods whose sign-in step proves it at once, since the code or the password was typed before.
_AT_ONCE = re.compile(r"totp|password|recovery|security-question")

_NAMES = {
    "otp-sms": "OTP by SMS",
    "otp-email": "OTP by email",
    "otp-whatsapp": "OTP by WhatsApp",
    "otp-voice": "OTP by voice",
    "magic-link-email": "magic link by email",
    "magic-link-sms": "magic link by SMS",
    "enchanted-link-email": "enchanted link by email",
    "totp": "authenticator app (TOTP)",
    "webauthn": "passkey",
    "password": "password",
    "recovery": "recovery code",
    "sso": "SSO",
    "saml": "SSO",
}


def edges(flow: Normal) -> dict[str, list[str]]:
    """Return the keys of the steps that each step leads to; those that exist nowhere are among them."""
    return {
        key: [target for rule in rules(task) if (target := rule.get("taskId")) and isinstance(target, str)]
        for key, task in flow["tasks"].items()
    }


def rules(task: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return where a step leads: C(interactionId), C(taskId) and whatever else the editor notes."""
    following = task.get("next")
    found = following.get("rules") if isinstance(following, dict) else None
    return [rule for rule in found if isinstance(rule, dict)] if isinstance(found, list) else []


def start(flow: Normal) -> str:
    """Return the key of the step that the flow starts with."""
    return str(flow["contents"].get("startTask", ""))


def reached(graph: t.Mapping[str, list[str]], begin: t.Iterable[str], stop: t.Container[str] = ()) -> set[str]:
    """Return the steps that can be reached from some, which are among them, without going on from those in C(stop)."""
    found: set[str] = set()
    left = list(begin)
    while left:
        key = left.pop()
        if key not in found and key in graph:
            found.add(key)
            if key not in stop:
                left += graph[key]
    return found


def reachable(flow: Normal) -> set[str]:
    """Return the steps that users can get to: others hang loose in the editor and are never met."""
    ways = {key: [*following, *steps_named(flow["tasks"][key]).values()] for key, following in edges(flow).items()}
    return reached(ways, [start(flow), "start"])


def steps_named(task: dict[str, t.Any]) -> dict[str, str]:
    """Return the steps that the arguments of a step name, by argument: C(verifyStepId) and the like."""
    arguments = task.get("arguments")
    names = arguments if isinstance(arguments, dict) else {}
    return {name: value for name in sorted(names) if name.endswith("StepId") and (value := _argument(task, name))}


def method(task: dict[str, t.Any]) -> str | None:
    """Return the sign-in method of a step, or None for a step that is not for signing in."""
    action = task.get("action")
    if task.get("type") not in (None, "automated") or not isinstance(action, str) or action.startswith("update-user"):
        return None
    if _SOCIAL.fullmatch(action):
        return "social"
    if _RECOVERY.fullmatch(action):
        return None if "generate" in action else "recovery"
    found = _SIGN_IN.fullmatch(action) or (None if _PROVEN.fullmatch(action) else _NAMED_FIRST.fullmatch(action))
    return re.sub(r"linkv\d+", "link", found["method"]) if found else None


def method_names(flow: Normal) -> list[str]:
    """Return the sign-in methods that a flow offers, as people call them, sorted; each social provider by itself."""
    found = set()
    live = reachable(flow)
    for key in live:
        task = flow["tasks"][key]
        name = method(task)
        if name == "social":
            providers = _providers({source: flow["tasks"][source] for source in live}, flow["screens"], key)
            found |= {f"social login with {provider}" for provider in providers} or {"social login"}
        elif name:
            found.add(spoken(name))
    return sorted(found)


def spoken(name: str) -> str:
    """Return a method's name as people say it."""
    return _NAMES.get(name, name.replace("-", " "))


def sub_flows(flow: Normal) -> set[str]:
    """Return the ids of the flows that a flow runs inside itself."""
    return {flow_id for task in flow["tasks"].values() if (flow_id := sub_flow(task))}


def sub_flow(task: dict[str, t.Any]) -> str:
    """Return the id of the flow that a step runs, or an empty string."""
    return _argument(task, "flowId") if task.get("type") == "flow" else ""


def second_factors_alone(flow: Normal) -> list[str]:
    """Return the keys of the steps that ask for a second factor while no other method is offered in its place.

    A second factor is a sign-in step that no user reaches before having proven who they are in another way. Another
    method is offered in its place if, at some step behind that proof, one way leads to it and another way to the other
    method. A condition is no such step: there the service chooses, not the user.
    """
    graph = edges(flow)
    tasks = flow["tasks"]
    live = reachable(flow)
    proven = {key for key in live if _proves(tasks[key])}
    first = reached(graph, [start(flow), "start"], proven)
    second = {key: name for key in live - first if (name := method(tasks[key]))}
    forks = [key for key in live if (key in proven or key not in first) and tasks[key].get("type") != "condition"]

    # Where a method can be finished, once it was begun: a screen for its code offers it, too.
    ends = {
        key: (reached(graph, graph[key], {*proven, *second}) & proven) - second.keys() for key in second.keys() - proven
    }

    def methods(way: set[str]) -> set[str]:
        return {name for key, name in second.items() if key in way or not way.isdisjoint(ends.get(key, ()))}

    def offers(fork: str, key: str) -> bool:
        if fork == key and fork in proven:
            return False  # what follows a given proof does not take its place
        ways = [reached(graph, [target], proven) - ({fork} & proven) for target in sorted(set(graph[fork]))]
        return any(
            methods(way) - {second[key]} and (fork == key or any(key in each for each in ways if each is not way))
            for way in ways
        )

    return sorted(key for key in second if not any(offers(fork, key) for fork in forks))


def labels(*flows: Normal) -> dict[str, str]:
    """Return what to call each step, by key: its name, with the key where several steps have that name.

    With two flows, the older one first, a step goes by its newer name.
    """
    names: dict[str, str] = {}
    for flow in flows:
        names.update({key: str(task.get("name") or key).strip() for key, task in flow["tasks"].items()})
    return _unique(names)


def screen_labels(*flows: Normal) -> dict[str, str]:
    """Return what to call each screen, by id: the name of the step that shows it."""
    names: dict[str, str] = {}
    for flow in flows:
        names.update({screen: names.get(screen, screen) for screen in flow["screens"]})
        for _key, task in sorted(flow["tasks"].items()):
            screen = str(task.get("screenId"))
            if screen in flow["screens"] and task.get("name"):
                names[screen] = str(task["name"]).strip()
    return _unique(names)


def interaction_labels(flow: Normal) -> dict[str, str]:
    """Return the label of each interaction, by id; those without one are left out."""
    found = {}
    for owner in [
        flow["metadata"].get("sharedInteractions") or {},
        *(_interactions(screen) for _id, screen in sorted(flow["screens"].items())),
    ]:
        for item in owner.values() if isinstance(owner, dict) else ():
            if item.get("label"):
                found[str(item.get("id"))] = str(item["label"]).strip()
    for _key, task in sorted(flow["tasks"].items()):
        conditions = task.get("conditions")
        for item in conditions if isinstance(conditions, list) else ():
            if isinstance(item, dict) and item.get("name"):
                found[str(item.get("interactionId"))] = str(item["name"]).strip()
    return found


def _interactions(screen: Normal) -> dict[str, t.Any]:
    found = screen.get("interactions")
    return found if isinstance(found, dict) else {}


def _proves(task: dict[str, t.Any]) -> bool:
    action = str(task.get("action") or "")
    return bool(_PROVEN.fullmatch(action)) or bool((name := method(task)) and _AT_ONCE.match(name))


def _providers(tasks: dict[str, t.Any], screens: dict[str, t.Any], key: str) -> set[str]:
    """Return the social providers that lead to a step: those of the buttons for one, and the step's own default if
    anything else leads to it, or nothing does."""
    found = set()
    otherwise = False
    for source, other in tasks.items():
        screen = screens.get(str(other.get("screenId")), {})
        for rule in rules(other):
            if rule.get("taskId") != key or source == key:
                continue
            item = _interactions(screen).get(str(rule.get("interactionId")), {})
            if item.get("subType") == "social":
                found.add(str(item.get("icon") or item.get("label") or item.get("id")))
            else:
                otherwise = True
    default = _argument(tasks[key], "defaultProvider")
    return found | {default} if default and (otherwise or not found) else found


def _argument(task: dict[str, t.Any], name: str) -> str:
    """Return the value of an argument of a step, if it is a text."""
    arguments = task.get("arguments")
    argument = arguments.get(name) if isinstance(arguments, dict) else None
    value = argument.get("value") if isinstance(argument, dict) else None
    return value if isinstance(value, str) else ""


def _unique(names: dict[str, str]) -> dict[str, str]:
    result = dict(names)
    while len(taken := collections.Counter(result.values())) < len(result):
        result = {key: name if taken[name] == 1 else f"{name} ({key})" for key, name in result.items()}
    return result
