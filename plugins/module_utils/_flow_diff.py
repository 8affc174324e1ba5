# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The difference between two versions of a flow, told the way a person would review it. Pure.

Everything that counts in the normal form shows: a difference here and a difference there are the same thing.
"""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _flow_graph as graph
from ansible_collections.pcc.identity.plugins.module_utils._diff import dotted
from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import Definition
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import Normal, normal
from ansible_collections.pcc.identity.plugins.module_utils._flow_references import KINDS, names_by_id, referenced, used
from ansible_collections.pcc.identity.plugins.module_utils._json import canonical, same

Side = dict[str, t.Any]

#: Separates a section from the name of what is in it.
_IN = ": "
#: Texts longer than this are cut around the place where they differ.
_LONG = 160
_CONTEXT = 60


def difference(old: Definition | None, new: Definition | None) -> tuple[Side, Side]:
    """Return what differs, before and after, flat: C(name), C(sign_in_methods), C(steps: Verify code), and so on.

    Args:
        old: as it is, None if there is no such flow.
        new: as it shall be, None if it shall go.
    """
    before_form = normal(old) if old else None
    after_form = normal(new) if new else None
    forms = [form for form in (before_form, after_form) if form]
    found = [each for each in (old, new) if each]
    objects = {kind: {id_: name for each in found for id_, name in names_by_id(each, kind).items()} for kind in KINDS}
    names = _Names(graph.labels(*forms), graph.screen_labels(*forms), objects)
    one = _parts(before_form, names) if before_form else {}
    other = _parts(after_form, names) if after_form else {}
    before: Side = {}
    after: Side = {}
    for key in sorted({*one, *other}):
        if key in one and key in other:
            if not same(one[key].value, other[key].value):
                # What is shown is made for people; what differs must show in any case.
                told = "value" if same(one[key].shown, other[key].shown) else "shown"
                before[key], after[key] = _leaves(getattr(one[key], told), getattr(other[key], told))
        elif key in one:
            before[key] = _brief(key, one[key].shown)
        else:
            after[key] = _brief(key, other[key].shown)
    if (not old or not new) and (whole := new or old):
        side = after if new else before
        for kind in KINDS:
            names_only = sorted({*referenced(whole)[kind], *side.get(kind, [])})
            if names_only:
                side[kind] = names_only
    return before, after


def whole(definition: Definition | None) -> Side:
    """Return the full normalised definition, for those who want to see everything."""
    return dict(normal(definition)) if definition else {}


def nested(side: Side) -> Side:
    """Return a flat side in sections, as it is shown: steps, screens, conditions, each by name."""
    result: Side = {}
    for key, value in side.items():
        section, separator, name = key.partition(_IN)
        if separator:
            result.setdefault(section, {})[name] = dotted(value)
        else:
            result[section] = value
    return result


class _Names(t.NamedTuple):
    """Of steps and screens by key, of connectors and roles by id; the same for both versions."""

    steps: dict[str, str]
    screens: dict[str, str]
    objects: dict[str, dict[str, str]]


class _Part(t.NamedTuple):
    """What is compared, and how it is shown."""

    value: t.Any
    shown: t.Any


def _parts(form: Normal, names: _Names) -> dict[str, _Part]:
    """Return a flow cut into the parts that are compared and named."""
    parts: dict[str, _Part] = {}
    for name, value in form["metadata"].items():
        key = name if name in {"name", "description", "disabled"} else f"metadata{_IN}{name}"
        parts[key] = _Part(value, value)
    for name, value in form["contents"].items():
        if name == "startTask":
            parts["start_step"] = _Part(value, names.steps.get(str(value), str(value)))
        else:
            parts[f"contents{_IN}{name}"] = _Part(value, value)
    interactions = graph.interaction_labels(form)
    for key, task in form["tasks"].items():
        section = "conditions" if task.get("type") == "condition" else "steps"
        parts[f"{section}{_IN}{names.steps[key]}"] = _Part(task, _step(task, names, interactions))
    for key, screen in form["screens"].items():
        parts[f"screens{_IN}{names.screens[key]}"] = _Part(screen, _screen(screen))
    derived = {"sign_in_methods": graph.method_names(form)}
    derived |= {kind: used(form, kind, names.objects[kind]) for kind in KINDS}
    return {**parts, **{name: _Part(value, value) for name, value in derived.items() if value}}


def _step(task: Normal, names: _Names, interactions: dict[str, str]) -> Side:
    """Return a step with the places it leads to by name."""
    shown = {name: value for name, value in task.items() if name != "next"}
    if isinstance(task.get("conditions"), list):
        shown["conditions"] = [_condition(item) for item in task["conditions"]]
    if "screenId" in task:
        shown["screen"] = _named(names.screens, task["screenId"])
        del shown["screenId"]
    following = dict(task["next"]) if isinstance(task.get("next"), dict) else {}
    if (rules := graph.rules(task)) and len(rules) == len(following["rules"]):
        shown["leads_to"] = [_rule(rule, names, interactions) for rule in rules]
        del following["rules"]
    if following:
        shown["next"] = following
    return shown


def _rule(rule: dict[str, t.Any], names: _Names, interactions: dict[str, str]) -> str:
    interaction = _named(interactions, rule.get("interactionId") or "always")
    target = _named(names.steps, rule.get("taskId"), always=False)
    more = {name: value for name, value in rule.items() if name not in {"interactionId", "taskId"}}
    return f"{interaction} -> {target}" + (f" {canonical(more)}" if more else "")


def _named(names: dict[str, str], key: t.Any, *, always: bool = True) -> str:
    """Return a name with the id it stands for. Names of steps are unique, so there it may be left out."""
    text = str(key)
    name = names.get(text)
    if name is None or name == text:
        return text
    return f"{name} [{text}]" if always else name


def _screen(screen: Normal) -> Side:
    """Return a screen with its elements by what they are and say."""
    shown = dict(screen)
    nodes = screen.get("contents")
    if isinstance(nodes, dict):
        del shown["contents"]
        shown["elements"] = {_node(key, node): node for key, node in nodes.items()}
    return shown


def _node(key: str, node: t.Any) -> str:
    name = _kind(node)
    return f"{name} {key}" if name and key != "ROOT" else key


def _kind(node: t.Any) -> str:
    kind = node.get("type") if isinstance(node, dict) else None
    return str((kind.get("resolvedName") if isinstance(kind, dict) else kind) or "")


def _brief(key: str, value: t.Any) -> t.Any:
    """Return what is said of a part that is new or gone: enough to know it, not all of it."""
    section, separator, _name = key.partition(_IN)
    if not separator or section == "metadata":
        return value
    if section == "screens":
        items = value.get("interactions")
        texts = [_text(node) for node in value.get("elements", {}).values()]
        buttons = [str(each.get("label") or key) for key, each in items.items()] if isinstance(items, dict) else []
        summary = {"buttons": sorted(buttons), "texts": sorted(text for text in texts if text)}
        return {name: items for name, items in summary.items() if items} or "empty"
    if section == "conditions":
        return {name: value[name] for name in ("conditions", "leads_to") if name in value} or "empty"
    if section == "steps":
        kept = ("type", "action", "screen", "leads_to")
        return {name: value[name] for name in kept if name in value} or "nothing"
    return value


def _condition(condition: t.Any) -> str:
    """Return a condition in one line, with everything that is in it."""
    if not isinstance(condition, dict):
        return canonical(condition)
    rest = dict(condition)
    name, interaction = rest.pop("name", ""), rest.pop("interactionId", "")
    atoms = rest.pop("atomicConditions", None)
    text = (
        " and ".join(_atom(atom) for atom in atoms)
        if isinstance(atoms, list)
        else canonical(atoms)
        if atoms
        else "else"
    )
    return f"{text}: {name or 'unnamed'} [{interaction}]" + (f" {canonical(rest)}" if rest else "")


def _atom(atom: t.Any) -> str:
    """Return C(deviceInfo.webAuthnSupport is-true) for the usual shape of a comparison, JSON for any other."""
    if isinstance(atom, dict) and set(atom) <= {"target", "operator", "predicate"}:
        target, predicate = atom.get("target"), atom.get("predicate", {"type": "inline"})
        if (
            isinstance(target, dict)
            and isinstance(predicate, dict)
            and set(target) == {"type", "value"}
            and target["type"] == "context"
            and set(predicate) <= {"type", "value"}
            and predicate.get("type") == "inline"
        ):
            wanted = f" {canonical(predicate['value'])}" if "value" in predicate else ""
            return f"{target['value']} {atom.get('operator', '')}{wanted}"
    return canonical(atom)


def _text(node: t.Any) -> str:
    props = node.get("props") if isinstance(node, dict) else None
    said = props.get("children") or props.get("label") if isinstance(props, dict) else None
    return said.strip()[:_LONG] if isinstance(said, str) and _kind(node) != "Button" else ""


def _leaves(old: t.Any, new: t.Any) -> tuple[t.Any, t.Any]:
    """Return only what differs between two values, before and after."""
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = {}, {}
        for key in sorted({*old, *new}):
            if key not in new:
                before[key] = old[key]
            elif key not in old:
                after[key] = new[key]
            elif not same(old[key], new[key]):
                before[key], after[key] = _leaves(old[key], new[key])
        return before, after
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > _LONG:
        return _around(old, new)
    return old, new


def _around(old: str, new: str) -> tuple[str, str]:
    """Return two long texts cut to where they differ first."""
    length = min(len(old), len(new))
    place = next((index for index in range(length) if old[index] != new[index]), length)
    begin = max(0, place - _CONTEXT)

    def cut(text: str) -> str:
        end = place + _CONTEXT
        return f"{'...' if begin else ''}{text[begin:end]}{f'... ({len(text)} characters)' if end < len(text) else ''}"

    return cut(old), cut(new)
