# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_log
type: notification
short_description: Write who changed what to a tamper-evident log
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Writes a JSON line when a playbook starts and ends, before each task of this collection starts on a host, and with
    what came of it. Tasks of other collections are left out.
  - A line tells the time, the user, the host with its environment, playbook, task and module, which objects and which
    of their fields changed, the backup, the git commit and the duration. Values of fields are never in it.
  - Each line carries the hash of the one before. M(pcc.identity.audit_log_info) tells where that chain is broken.
  - A run stops with exit code 1 when a line cannot be written. That is before its first task, or before the next task
    on any host if the log becomes unwritable later.
options:
  path:
    description:
      - File to write to. Its folder is made if it is not there. Next to it stand older files, C(.head) and C(.lock).
      - By default C(pcc-identity/audit/audit.jsonl) in E(XDG_STATE_HOME), which is C(~/.local/state) if not set.
    type: path
    env:
      - name: PCC_IDENTITY_AUDIT_LOG_PATH
    ini:
      - section: callback_pcc_identity_audit_log
        key: path
  rotate_size:
    description:
      - Bytes that a file may have. A line that does not fit begins a new one, and the chain goes on there.
      - V(0) never begins a new file.
    type: int
    default: 10485760
    env:
      - name: PCC_IDENTITY_AUDIT_LOG_ROTATE_SIZE
    ini:
      - section: callback_pcc_identity_audit_log
        key: rotate_size
  rotate_keep:
    description:
      - How many older files are kept. V(0) keeps all.
    type: int
    default: 0
    env:
      - name: PCC_IDENTITY_AUDIT_LOG_ROTATE_KEEP
    ini:
      - section: callback_pcc_identity_audit_log
        key: rotate_keep
  lock_timeout:
    description:
      - Seconds to wait for other runs that write to the same log.
    type: float
    default: 60.0
    env:
      - name: PCC_IDENTITY_AUDIT_LOG_LOCK_TIMEOUT
    ini:
      - section: callback_pcc_identity_audit_log
        key: lock_timeout
requirements:
  - enable in configuration
  - filelock >= 3.12
notes:
  - Ansible only warns when it does not find a callback that is enabled. See C(docs/audit-log.md) for a task that
    insists on the audit log.
seealso:
  - module: pcc.identity.audit_log_info
"""

import datetime
import functools
import os
import secrets
import socket
import threading
import time
import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.callback import CallbackBase

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils._audit_log import AuditLog, Mark, default_path
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._keys import without_keys
from ansible_collections.pcc.identity.plugins.plugin_utils import _audit_entry as entry
from ansible_collections.pcc.identity.plugins.plugin_utils._audit_identity import who
from ansible_collections.pcc.identity.plugins.plugin_utils._command_line import hide_secrets

_NAME = "pcc.identity.audit_log"

#: Variables of a host that say what it stands for.
_ENVIRONMENT = "descope_environment"
_PROJECT = "descope_project_id"

_Hook = t.TypeVar("_Hook", bound=t.Callable[..., None])


def _or_stop(hook: _Hook) -> _Hook:
    """Stop the run when a hook fails; Ansible itself would warn and go on."""

    @functools.wraps(hook)
    def guarded(self: CallbackModule, *args: t.Any, **kwargs: t.Any) -> None:
        try:
            if not self.failure:
                hook(self, *args, **kwargs)
        except IdentityError as error:
            self.failure = str(error)
        except ImportError as error:
            self.failure = f"The audit log needs the Python library '{error.name}' on the controller."
        except AnsibleError as error:
            self.failure = f"The audit log cannot be written: {error}."
        except Exception as error:  # whatever it is, the line is not in the log
            self.failure = f"The audit log cannot be written: {type(error).__name__}: {error}"
        if self.failure:
            self.stop()

    return t.cast(_Hook, guarded)


class _Pending(t.NamedTuple):
    """A task that is under way on a host."""

    since: float
    about: dict[str, t.Any]


class CallbackModule(CallbackBase):
    """Writes the audit log."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = _NAME
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        #: Why no line can be written any more; empty while all is well.
        self.failure = ""
        self._log: AuditLog | None = None
        self._about_run: dict[str, t.Any] = {}
        self._started = 0.0
        self._play: t.Any = None
        self._secrets: set[str] = set()
        self._pending: dict[tuple[str, str], _Pending] = {}
        # Before any callback tells with what arguments Ansible was started, as the default one does at -vvvv.
        hide_secrets()

    # -- what Ansible calls --------------------------------------------------------------------------------------------

    @_or_stop
    def set_options(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Take over the options. Ansible would go on without the log if one of them were wrong."""
        super().set_options(*args, **kwargs)
        numbers = {name: self.get_option(name) for name in ("rotate_size", "rotate_keep", "lock_timeout")}
        wrong = sorted(name for name, value in numbers.items() if value < 0)
        if wrong:
            raise IdentityError("invalid_option", f"{_NAME}: {', '.join(wrong)} must not be negative.")
        self._log = AuditLog(self.get_option("path") or default_path(), **numbers)

    @_or_stop
    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        """Begin with a line, before anything else is done."""
        self._begin(playbook._file_name, playbook._loader)

    @_or_stop
    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        """Note the play, which knows the variables."""
        self._play = play
        self._pending.clear()
        if not self._about_run:
            self._begin(None, play.get_loader())

    @_or_stop
    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        """Nothing but the stop after a failure in between."""

    @_or_stop
    def v2_playbook_on_handler_task_start(self, task: t.Any) -> None:
        """Nothing but the stop after a failure in between."""

    @_or_stop
    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        """Announce a task, just before it is started on a host."""
        # A template is resolved by the worker; to ask for the full name before that makes Ansible warn.
        action = task.action
        # What is resolved may be an action plugin that several modules share.
        if "{{" not in action and not action.startswith(entry.COLLECTION):
            action = task.resolved_action or action
        if not entry.is_ours(action):
            return
        about = {
            "host": host.name,
            **self._about_host(host, task),
            "play": self._play.get_name() if self._play else None,
            "task": task.get_name(),
            "module": str(action),
        }
        self._pending[host.name, task._uuid] = _Pending(time.monotonic(), about)
        self._write("task_start", about)

    @_or_stop
    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Write what came of a task."""
        self._result("result", result, "ok")

    @_or_stop
    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Write what came of a task."""
        self._result("result", result, "failed", ignored=bool(ignore_errors))

    @_or_stop
    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """Write what came of a task."""
        self._result("result", result, "skipped")

    @_or_stop
    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Write what came of a task."""
        self._result("result", result, "unreachable")

    @_or_stop
    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        """Write what came of one item of a loop, as soon as it is done."""
        self._result("item", result, "ok")

    @_or_stop
    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        """Write what came of one item of a loop, as soon as it is done."""
        self._result("item", result, "failed")

    @_or_stop
    def v2_runner_item_on_skipped(self, result: t.Any) -> None:
        """Write what came of one item of a loop, as soon as it is done."""
        self._result("item", result, "skipped")

    @_or_stop
    def v2_runner_retry(self, result: t.Any) -> None:
        """Write what came of one try of several."""
        self._result("retry", result, "retry")

    @_or_stop
    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """End with a line, and tell where the log is now: who keeps that elsewhere will notice any change before it."""
        hosts = {str(host): dict(stats.summarize(host)) for host in sorted(stats.processed)}
        duration = round(time.monotonic() - self._started, 3)
        last = self._write("run_end", {"hosts": hosts, "duration": duration})
        self._about_run = {}
        self._display.display(f"Audit log: line {last.seq} is the last one, its hash is {last.hash}")

    # -- how it is done ------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End this process with an error; from another thread than the main one that is left to the next hook."""
        if threading.current_thread() is threading.main_thread():
            self._display.error(f"{self.failure} The run was stopped, because {_NAME} is enabled.", wrap_text=False)
            raise SystemExit(1)

    def _begin(self, playbook: str | None, loader: t.Any) -> None:
        from ansible import context
        from ansible.utils.vars import load_extra_vars

        path = os.path.abspath(playbook) if playbook and os.path.exists(playbook) else None
        origin = backup.origin(path)
        # The playbook of an installed collection is in no repository; then it is the inventory's that counts.
        commit = origin if origin["git_commit"] else backup.origin()
        self._started = time.monotonic()
        self._secrets = entry.secrets_in(os.environ)
        self._about_run = {
            "run": secrets.token_hex(8),
            "controller": socket.gethostname(),
            "user": who(os.path.dirname(path) if path else os.getcwd(), os.environ, load_extra_vars(loader)),
            "playbook": path or playbook,
            "git_commit": commit["git_commit"],
            "git_dirty": commit["git_dirty"],
            "tool_version": origin["tool_version"],
        }
        options = context.CLIARGS
        limit, tags = options.get("subset"), [str(tag) for tag in options.get("tags") or ()]
        about = {"check_mode": bool(options.get("check")), "limit": str(limit) if limit else None, "tags": tags}
        self._write("run_start", about)

    def _result(self, event: str, result: t.Any, status: str, **more: t.Any) -> None:
        host, task = _part(result, "host"), _part(result, "task")
        key = (host.name, task._uuid)
        pending = self._pending.get(key)
        if pending is None:
            return
        now = time.monotonic()
        fields, content = _part(result, "task_fields") or {}, _part(result, "result")
        # By now Ansible has resolved what may have been a template, unless it skipped the task.
        resolved = fields.get("check_mode")
        about = dict(pending.about, **({"check_mode": resolved} if isinstance(resolved, bool) else {}))
        if "{{" in about["module"]:
            named, resolved_name = str(fields.get("action")), fields.get("resolved_action")
            about["module"] = named if named.startswith(entry.COLLECTION) else str(resolved_name or named)
            if not entry.is_ours(about["module"]):
                self._pending.pop(key)
                return
        if fields.get("delegate_to"):
            about["delegated_to"] = str(fields["delegate_to"])
        about["project"] = entry.project_of(content) or about["project"]
        self._secrets |= entry.secrets_in(fields.get("args") or {})
        told = entry.outcome(about["module"], content, status)
        if event == "item":
            self._pending[key] = pending._replace(since=now)
        elif event == "result":
            self._pending.pop(key)
            if isinstance(content.get("results"), list):
                told["items"] = len(content["results"])
        self._write(event, {**about, **told, **more, "duration": round(now - pending.since, 3)})

    def _about_host(self, host: t.Any, task: t.Any) -> dict[str, t.Any]:
        if self._play is None:
            return {"environment": None, "project": None, "check_mode": bool(task.check_mode)}
        manager = self._play.get_variable_manager()
        variables = manager.get_vars(play=self._play, host=host, task=task)
        self._secrets |= entry.secrets_in(variables)
        loader = self._play.get_loader()
        project = _templated(variables, variables.get(_PROJECT), loader) or os.environ.get("DESCOPE_PROJECT_ID")
        project = None if project is None else without_keys(project)  # somebody may have mixed up the two
        return {
            "environment": _templated(variables, variables.get(_ENVIRONMENT), loader),
            "project": project,
            # A template is no answer yet: whatever is not surely check mode may write.
            "check_mode": boolean(_templated(variables, task.check_mode, loader) or "", strict=False),
        }

    def _write(self, event: str, fields: t.Mapping[str, t.Any]) -> Mark:
        if self._log is None:
            raise IdentityError("audit_failed", "The audit log has no options: Ansible did not set any.")
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {**self._about_run, **fields, "time": now, "event": event}
        return self._log.append(entry.without(line, self._secrets))


def _part(result: t.Any, name: str) -> t.Any:
    """Return a part of a result; up to ansible-core 2.18 these have no public names."""
    return getattr(result, name) if hasattr(result, name) else getattr(result, f"_{name}")


def _templated(variables: dict[str, t.Any], value: t.Any, loader: t.Any) -> str | None:
    from ansible.template import Templar

    if value is None:
        return None
    try:
        return str(Templar(loader=loader, variables=variables).template(value)) or None
    except Exception:  # what cannot be resolved is left out; the task itself will tell
        return None
