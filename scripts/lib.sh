# shellcheck shell=bash
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Shared by the scripts: where the checkout is, which environment the tools run in, which files belong to the project.
# To be sourced. Leaves the caller in the root of the checkout.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root" || exit 1

say() { printf '%s\n' "$*"; }
die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# The tools see the project's environment alone. Nobody's own Ansible settings change a result, no credentials of a real
# project can be reached, and the three certificate variables would make every HTTP client load its certificates again.
use_env() { # [VENV]
    local venv=${1:-$root/.venv} name
    while IFS= read -r name; do
        case $name in
            ANSIBLE_* | MOLECULE_* | DESCOPE_* | OKTA_* | GRAFANA_* | PYTEST_* | COVERAGE_*) unset "$name" ;;
        esac
    done < <(compgen -e)
    unset SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE PYTHONPATH PYTHONHOME
    # Left out on purpose: shims of Python version managers, which ansible-test takes for interpreters.
    export PATH=$venv/bin:/usr/local/bin:/usr/bin:/bin
    export VIRTUAL_ENV=$venv LC_ALL=C.UTF-8
    # Leaves ~/.ansible alone.
    export ANSIBLE_HOME=$venv/ansible ANSIBLE_REMOTE_TEMP=$venv/ansible/tmp
}

# Whether the checkout is a git repository, and not merely inside one.
in_git() { [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$root" ]; }

# The project's files, NUL-separated: tracked ones and new ones that are not ignored. Without git: all but the ignored directories.
project_files() {
    local file
    if in_git; then
        git ls-files -z --cached --others --exclude-standard
    else
        find . \( -name '.venv*' -o -name .git -o -name __pycache__ -o -name '.*_cache' -o -name .hypothesis \
            -o -path ./.ansible -o -path ./collections -o -path ./tests/output \) -prune -o -type f -printf '%P\0'
    fi | sort -zu | while IFS= read -r -d '' file; do
        if [ -e "$file" ] || [ -L "$file" ]; then printf '%s\0' "$file"; fi
    done
}

# A real copy of those files at DIR/ansible_collections/pcc/identity, as ansible-test and the build want it. It is a
# repository of its own: ansible-test asks git for the files, and must not be answered by one further up.
stage_copy() { # DIR
    local copy=$1/ansible_collections/pcc/identity
    mkdir -p "$copy"
    project_files | tar --null --files-from=- -cf - | tar -xf - -C "$copy"
    if command -v git >/dev/null; then git init -q "$copy"; fi
    printf '%s\n' "$copy"
}

# The processes of a test run, "PID COMMAND" each, but those in the given process group. Whatever a run starts carries its
# mark in the environment.
run_processes() { # RUN [GROUP]
    local file pid group command
    grep -lzxsF "PCC_IDENTITY_RUN=$1" /proc/[0-9]*/environ | while IFS= read -r file; do
        pid=${file#/proc/}
        pid=${pid%/environ}
        group=$(ps -o pgid= -p "$pid" | tr -d ' ')
        command=$(tr '\0' ' ' <"/proc/$pid/cmdline")
        # Without a command it has ended meanwhile.
        if [ -n "$command" ] && [ "$group" != "${2:-}" ]; then printf '%s %s\n' "$pid" "$command"; fi
    done 2>/dev/null || true
}

# --- virtual environments

# The first Python that ansible-core 2.19 runs on.
find_python() {
    local candidate
    for candidate in python3.11 python3.12 python3.13 python3; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    die "No suitable Python: this needs Python 3.11, 3.12 or 3.13 on the PATH."
}

# Debian leaves ensurepip, without which there is no virtual environment, to a package of its own.
need_venv_module() { # PYTHON
    if "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; then return; fi
    local version package=python3-venv
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [ "$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" != "$version" ]; then
        package=python$version-venv
    fi
    if ! command -v apt-get >/dev/null; then
        die "$1 cannot make virtual environments: its module ensurepip is missing. Install your system's package for it."
    fi
    if [ "$(id -u)" != 0 ]; then
        die "$1 cannot make virtual environments. Run this, then try again:  sudo apt-get install $package"
    fi
    say "setup: $1 cannot make virtual environments; installing the Debian package $package"
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -qq -y "$package" >/dev/null 2>&1 ||
        { apt-get update -qq && apt-get install -qq -y "$package" >/dev/null; } ||
        die "Could not install $package. Run this, then try again:  apt-get update && apt-get install $package"
}

# Brings VENV to what the given pip arguments say; STAMP is the text that decides whether there is anything to do.
# A venv that was moved, or whose Python is gone, is made again; anything else is updated in place.
update_venv() { # VENV STAMP PIP_ARGUMENT...
    local venv=$1 stamp=$2 python
    shift 2
    if ! "$venv/bin/python" -c '' >/dev/null 2>&1 || ! grep -qsF "$venv/bin/python" "$venv/bin/pip"; then
        python=$(find_python)
        need_venv_module "$python"
        say "setup: making ${venv#"$root"/} with $python"
        rm -rf "$venv"
        "$python" -m venv "$venv"
    fi
    if [ "$(cat "$venv/stamp" 2>/dev/null)" != "$stamp" ]; then
        say "setup: installing packages into ${venv#"$root"/}"
        rm -f "$venv/stamp"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
        "$venv/bin/python" -m pip check --disable-pip-version-check >/dev/null ||
            die "The packages in $venv do not fit together; see: $venv/bin/python -m pip check"
        printf '%s\n' "$stamp" >"$venv/stamp"
    fi
    link_collection "$venv"
}

# Makes the checkout importable as ansible_collections.pcc.identity, for Ansible and for Python, with no variable set.
link_collection() { # VENV
    local site
    site=$("$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    mkdir -p "$site/ansible_collections/pcc"
    if [ "$(readlink "$site/ansible_collections/pcc/identity" 2>/dev/null)" != "$root" ]; then
        rm -rf "$site/ansible_collections/pcc/identity"
        ln -s "$root" "$site/ansible_collections/pcc/identity"
    fi
}

# One at a time: two `make` in one checkout must not install into the same environment.
lock_checkout() {
    if command -v flock >/dev/null; then
        exec 9<"$root/Makefile"
        flock 9
    fi
}
