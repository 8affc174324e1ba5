# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Who makes a run: the user of this machine, the one that git knows, and the one for whom a pipeline works.

Only the variables named here are ever read. A pipeline's environment is full of secrets.
"""

from __future__ import annotations

import os
import pwd
import typing as t
from urllib.parse import urlsplit

from ansible_collections.pcc.identity.plugins.module_utils._local import git

Variables = t.Mapping[str, t.Any]

#: Per system: the variable that gives it away, and what is taken over under which name. The first that is set counts.
_PIPELINES: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "github": (
        "GITHUB_ACTIONS",
        {
            "actor": ("GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"),
            "project": ("GITHUB_REPOSITORY",),
            "job": ("GITHUB_WORKFLOW",),
            "run": ("GITHUB_RUN_ID",),
            "commit": ("GITHUB_SHA",),
        },
    ),
    "gitlab": (
        "GITLAB_CI",
        {
            "actor": ("GITLAB_USER_LOGIN",),
            "project": ("CI_PROJECT_PATH",),
            "job": ("CI_JOB_NAME",),
            "run": ("CI_JOB_ID",),
            "url": ("CI_JOB_URL",),
            "commit": ("CI_COMMIT_SHA",),
        },
    ),
    "jenkins": (
        "JENKINS_URL",
        {
            "actor": ("BUILD_USER_ID", "BUILD_USER"),
            "job": ("JOB_NAME",),
            "run": ("BUILD_NUMBER",),
            "url": ("BUILD_URL",),
            "commit": ("GIT_COMMIT",),
        },
    ),
    "azure": (
        "TF_BUILD",
        {
            "actor": ("BUILD_REQUESTEDFOREMAIL", "BUILD_REQUESTEDFOR"),
            "project": ("SYSTEM_TEAMPROJECT",),
            "job": ("BUILD_DEFINITIONNAME",),
            "run": ("BUILD_BUILDID",),
            "commit": ("BUILD_SOURCEVERSION",),
        },
    ),
    "bitbucket": (
        "BITBUCKET_BUILD_NUMBER",
        {
            "actor": ("BITBUCKET_STEP_TRIGGERER_UUID",),
            "project": ("BITBUCKET_REPO_FULL_NAME",),
            "run": ("BITBUCKET_BUILD_NUMBER",),
            "commit": ("BITBUCKET_COMMIT",),
        },
    ),
    "circleci": (
        "CIRCLECI",
        {
            "actor": ("CIRCLE_USERNAME",),
            "project": ("CIRCLE_PROJECT_REPONAME",),
            "job": ("CIRCLE_JOB",),
            "run": ("CIRCLE_BUILD_NUM",),
            "url": ("CIRCLE_BUILD_URL",),
            "commit": ("CIRCLE_SHA1",),
        },
    ),
}

#: AWX and its relatives tell playbooks by extra variables; C(PREFIX_job_id) gives them away.
_CONTROLLERS = ("awx", "tower")
_CONTROLLER_VARIABLES = {
    "actor": "user_name",
    "project": "project_revision",
    "job": "job_template_name",
    "run": "job_id",
}


def who(folder: str, environment: t.Mapping[str, str], extra_vars: Variables) -> dict[str, t.Any]:
    """Return who makes a run.

    Args:
        folder: of the playbook, for the settings of its git repository.
        environment: the environment's variables.
        extra_vars: those given to the run.
    """
    found: dict[str, t.Any] = {"os": os_user(os.getuid()), "uid": os.getuid()}
    if environment.get("SUDO_USER"):
        found["sudo"] = environment["SUDO_USER"]
    email = git(folder, "config", "user.email")
    if email:
        found["git"] = email
    system = pipeline(environment, extra_vars)
    if system:
        found["ci"] = system
    return found


def os_user(uid: int) -> str:
    """Return a user's name. Not from the environment, which everybody can set."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def pipeline(environment: t.Mapping[str, str], extra_vars: Variables) -> dict[str, str] | None:
    """Return what a pipeline says about itself, or None outside of one. Pure."""
    for prefix in _CONTROLLERS:
        if extra_vars.get(f"{prefix}_job_id"):
            names: dict[str, tuple[str, ...]] = {
                name: (f"{prefix}_{variable}",) for name, variable in _CONTROLLER_VARIABLES.items()
            }
            return {"system": "awx", **_taken(names, extra_vars)}
    for system, (sign, taken) in _PIPELINES.items():
        if environment.get(sign):
            return {"system": system, **_taken(taken, environment)}
    return None


def _taken(names: t.Mapping[str, tuple[str, ...]], variables: Variables) -> dict[str, str]:
    taken = {}
    for name, candidates in names.items():
        value = next((str(variables[candidate]) for candidate in candidates if variables.get(candidate)), "")
        if value:
            taken[name] = _address(value) if name == "url" else value
    return taken


def _address(url: str) -> str:
    """Return a URL without what may be secret in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
