# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The edge between Ansible and the library: parses options, turns results and errors into a module's exit."""

from __future__ import annotations

import copy
import dataclasses
import difflib
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import sanitize_keys

from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._connection import ARGUMENT_SPEC, Connection
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem, Problems
from ansible_collections.pcc.identity.plugins.module_utils._keys import credentials_in, keys_in, misnamed_in
from ansible_collections.pcc.identity.plugins.module_utils._report import where_of

GetOption = t.Callable[[str], t.Any]
Task = t.Callable[[t.Any, dict[str, t.Any], bool], dict[str, t.Any]]
Check = t.Callable[[dict[str, t.Any]], list[Problem]]
T = t.TypeVar("T")


def connect(get_option: GetOption, problems: t.Sequence[Problem] = ()) -> Client:
    """Return a client of Descope for the connection options.

    Args:
        get_option: returns the value of a connection option.
        problems: what is already known to be wrong, reported together with the connection's own problems.

    Raises:
        Problems: there are any.
    """
    return connected(lambda: Client(Connection.from_options(get_option)), problems)


def connected(build: t.Callable[[], T], problems: t.Sequence[Problem]) -> T:
    """Return what C(build) makes of the connection options, or raise its problems together with the given ones.

    Raises:
        Problems: there are any.
    """
    try:
        client = build()
    except Problems as error:
        raise Problems([*error.problems, *problems], code=error.code, hint=error.hint) from error
    if problems:
        raise Problems(problems)
    return client


def _no_secrets(_client: t.Any) -> t.Iterable[str]:
    return ()


@dataclasses.dataclass(frozen=True)
class Service:
    """What a module needs to know of the service that it is for.

    Attributes:
        argument_spec: the options of the connection.
        connect: returns a client for these options, given what returns the value of each, and what is already known to
            be wrong with the others. Raises L(Problems) if there is anything wrong.
        addresses: those options that are addresses, and may have a password in them.
        secrets: returns what no result may hold and stands in no option, such as a token that the client was given.
        library: the library that is most likely missing when an import fails without a name.
    """

    argument_spec: dict[str, dict[str, t.Any]]
    connect: t.Callable[[GetOption, t.Sequence[Problem]], t.Any]
    addresses: tuple[str, ...] = ()
    secrets: t.Callable[[t.Any], t.Iterable[str]] = _no_secrets
    library: str = "ansible"


DESCOPE = Service(ARGUMENT_SPEC, connect, addresses=("base_url", "rate_limit_backend"), library="descope")

#: Shorter secrets would be found by chance in the names that a result has.
_SHORTEST_IN_NAMES = 8


class IdentityModule(AnsibleModule):
    """An C(AnsibleModule) that reports all argument errors of a list at once, each with the entry it is in."""

    def __init__(self, argument_spec: dict[str, t.Any], service: Service = DESCOPE) -> None:
        self._checked = False
        self._service = service
        super().__init__(argument_spec=argument_spec, supports_check_mode=True)
        self._checked = True
        self._hide_strays(self.params)

    def _hide_strays(self, values: t.Mapping[str, t.Any]) -> None:
        """Let no secret be shown that is in an option of the connection which is none for secrets."""
        for name in self._service.argument_spec:
            self.no_log_values |= keys_in(values.get(name))
        for name in self._service.addresses:
            self.no_log_values |= credentials_in(values.get(name))

    def _load_params(self) -> None:
        super()._load_params()
        # Ansible changes the arguments while it checks them; what is wrong is told about those that were given.
        self._arguments = copy.deepcopy(self.params)
        self._hide_strays(self.params)

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        """Fail; errors that Ansible itself found in the arguments are told in full first."""
        if not self._checked:
            # Ansible gives up collecting secrets when an argument is of a wrong type, and would print the arguments.
            self.no_log_values.update(_secrets(self.argument_spec, self._arguments))
            self._hide_strays(self.params)
            # The wrong option may be the one with the key.
            self.no_log_values |= keys_in(self._arguments) | misnamed_in(self._arguments)
            problems = argument_problems(self.argument_spec, self._arguments)
            if problems:
                error = Problems(problems, code="invalid_option")
                msg = error.message
                kwargs.update(_failure(error))
        super().fail_json(**self._presentable({**kwargs, "msg": msg}))
        raise AssertionError("unreachable")  # AnsibleModule does not say in its types that it never returns

    def exit_json(self, **kwargs: t.Any) -> t.NoReturn:
        """Succeed."""
        super().exit_json(**self._presentable(kwargs))
        raise AssertionError("unreachable")

    def _presentable(self, result: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return a result without secrets in the names of its fields; in their values Ansible looks for them itself."""
        secrets = {text for text in self.no_log_values if len(text) >= _SHORTEST_IN_NAMES}
        return sanitize_keys({**result, "invocation": {"module_args": self.params}}, secrets)


def run(argument_spec: dict[str, t.Any], check: Check, task: Task, service: Service = DESCOPE) -> None:
    """Run a module: check its options, connect, do its task, exit.

    Args:
        argument_spec: its own options; those of the connection are added.
        check: returns what is wrong with the options by themselves. Nothing is imported or sent if there is anything.
        task: does the work with a client, the options and whether it is check mode, and returns the module's result.
            A result with C(failed: true) fails the module, and still tells what has changed.
        service: the service that the module is for.
    """
    module = IdentityModule({**service.argument_spec, **argument_spec}, service)
    try:
        client = service.connect(module.params.get, check(module.params))
        try:
            result = task(client, module.params, module.check_mode)
        finally:
            module.no_log_values |= set(service.secrets(client))
    except IdentityError as error:
        module.fail_json(msg=str(error), **_failure(error))
    except ImportError as error:
        module.fail_json(
            msg=missing_required_lib(error.name or service.library),
            error_code="missing_library",
            exception=traceback.format_exc(),
        )
    except Exception as error:
        trace = traceback.format_exc()
        if not any(secret in trace for secret in module.no_log_values):
            raise
        # Ansible would print it as it is.
        module.fail_json(msg=f"{type(error).__name__}: {error}", error_code="internal", exception=trace)
    for text in result.pop("warnings", ()):
        module.warn(text)
    if not module._diff:
        result.pop("diff", None)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


def argument_problems(spec: dict[str, t.Any], params: dict[str, t.Any]) -> list[Problem]:
    """Return what is wrong with arguments by their spec, entry by entry for lists of dicts."""
    found: list[Problem] = []
    lists = {
        name: option["options"]
        for name, option in spec.items()
        if option.get("elements") == "dict" and "options" in option and isinstance(params.get(name), list)
    }
    for name, options in lists.items():
        for index, entry in enumerate(params[name]):
            if isinstance(entry, dict):
                label = entry.get("id") or entry.get("name") or ""
                found += _entry_problems(f"{name}[{index}] '{label}'", options, entry)
            else:
                found.append(Problem(f"{name}[{index}]", "", f"{entry!r} is not a dictionary of options."))
    for name, value in params.items():
        if spec.get(name, {}).get("elements") == "dict" and not isinstance(value, (list, type(None))):
            found.append(Problem("", name, "is not a list: give a list, each entry a dictionary of options."))
            lists[name] = {}
    rest = {name: value for name, value in params.items() if name not in lists and not name.startswith("_ansible")}
    own = {name: option for name, option in spec.items() if name not in lists}
    return found + _entry_problems("", own, rest)


def _entry_problems(where: str, spec: dict[str, t.Any], values: dict[str, t.Any]) -> list[Problem]:
    result = ArgumentSpecValidator(spec).validate(_given(values))
    found = []
    paths = (path if isinstance(path, tuple) else (path,) for path in result._unsupported_parameters)
    for *groups, name in sorted(paths):
        level = spec
        for group in groups:
            level = level[group]["options"]
        near = difflib.get_close_matches(name, level, n=1)
        advice = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(sorted(level))}."
        found.append(Problem(where, ".".join((*groups, name)), f"is not a known option; {advice}"))
    if not result._unsupported_parameters:
        found += [Problem(where, "", text.rstrip(".") + ".") for text in result.error_messages]
    elif len(result.error_messages) > 1:
        found += [
            Problem(where, "", text.rstrip(".") + ".")
            for text in result.error_messages
            if "Supported parameters include" not in text
        ]
    return found


def _secrets(spec: dict[str, t.Any], values: t.Any) -> set[str]:
    """Return the values of options that are secret, of those inside of others as well."""
    found: set[str] = set()
    for value in values if isinstance(values, list) else [values]:
        for name, option in spec.items() if isinstance(value, dict) else ():
            if option.get("no_log") and value.get(name):
                found |= {str(value[name]), *keys_in(value[name])}
            found |= _secrets(option.get("options") or {}, value.get(name))
    return found


def _given(values: t.Any) -> t.Any:
    """Return values without those that Ansible has filled in for options that were not given."""
    if isinstance(values, dict):
        return {key: _given(value) for key, value in values.items() if value is not None}
    return values


def _failure(error: IdentityError) -> dict[str, t.Any]:
    result: dict[str, t.Any] = {"error_code": error.code, "changed": False}
    if error.hint:
        result["hint"] = error.hint
    if isinstance(error, Problems):
        result["problems"] = [where_of(problem) for problem in error.problems]
    return result
