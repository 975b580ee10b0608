#!/usr/bin/env bash
# Makes `.venv`: the checkout's own Python environment, with exactly the packages constraints.txt
# pins and the platform itself installed editable.
#
# Guarantee: afterwards `.venv` matches setup.cfg, constraints.txt and this script, or this script
# failed and said what to do. The stamp is written last, so a run that was killed leaves none and
# the next one starts over. When the stamp matches, nothing is done.
set -euo pipefail

UV_VERSION=0.13.9
SETUPTOOLS_VERSION=84.2.1

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
stamp=.venv/.midspan-stamp

say() { printf 'set-up: %s\n' "$*" >&2; }

fail() {
    printf '%s\n' "$@" >&2
    exit 2
}

# What `.venv` must have been made from: where it stands, then what it holds.
wanted_stamp() {
    printf '%s\n' "$root"
    cat setup.cfg constraints.txt deploy/local/bootstrap.sh deploy/local/uv.sh | sha256sum
}

is_current() { [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$1" ]; }

find_python() {
    local candidate
    for candidate in ${MIDSPAN_PYTHON:-python3 python3.11 python3.12 python3.13}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "No Python 3.11 or newer was found (tried ${MIDSPAN_PYTHON:-python3, python3.11 to python3.13})." \
        "Install one:  apt-get install python3 python3-venv" \
        "or name one:  MIDSPAN_PYTHON=/path/to/python3.11 make ..."
}

# Installs Debian packages when this user may, else says in three lines what to install.
install_packages() {
    local sudo=()
    if [ "$(id -u)" != 0 ]; then
        sudo=(sudo -n)
    fi
    if ! command -v apt-get >/dev/null || ! "${sudo[@]}" true 2>/dev/null; then
        fail "The Python environment needs packages that are not on this machine: $*." \
            "Install them:  sudo apt-get install $*" \
            "then run the same command again (on another distribution: their counterparts)."
    fi
    say "installing $* with apt-get"
    local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq
        -o DPkg::Lock::Timeout=120)
    local install=("${apt[@]}" install -y --no-install-recommends "$@")
    # A fresh machine has no package lists, or old ones: fetch them only when the first try fails.
    "${install[@]}" >var/apt.log 2>&1 ||
        { "${apt[@]}" update >>var/apt.log 2>&1 && "${install[@]}" >>var/apt.log 2>&1; } ||
        fail "apt-get could not install $*; its last words:" "$(tail -n 3 var/apt.log)" \
            "Everything it said is in $root/var/apt.log; mend that, then run the same command again."
}

# A stamp of another place, or none at all, means an environment that cannot be trusted.
make_environment() {
    local python=$1
    if [ -x .venv/bin/python ] && [ "$(head -n 1 "$stamp" 2>/dev/null)" = "$root" ]; then
        return
    fi
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

# mysqlclient comes as source alone: what it is compiled with.
install_headers() {
    local include
    include=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("include"))')
    local missing=()
    command -v gcc >/dev/null || missing+=(gcc libc6-dev)
    command -v pkg-config >/dev/null || missing+=(pkg-config)
    [ -e "$include/Python.h" ] || missing+=(python3-dev)
    pkg-config --exists libmariadb 2>/dev/null || pkg-config --exists mysqlclient 2>/dev/null ||
        missing+=(libmariadb-dev)
    if [ "${#missing[@]}" != 0 ]; then
        install_packages "${missing[@]}"
    fi
}

fill_environment() {
    say "installing the packages pinned in constraints.txt"
    .venv/bin/python -m pip --quiet --quiet --disable-pip-version-check install \
        "uv==$UV_VERSION" "setuptools==$SETUPTOOLS_VERSION"
    local uv=(bash deploy/local/uv.sh --quiet pip)
    export VIRTUAL_ENV="$root/.venv"
    # Compiled once here, or every process of a shell that forbids bytecode compiles it anew.
    "${uv[@]}" sync --compile-bytecode constraints.txt
    # compat: a plain path entry, so that a package added later is found without installing again.
    "${uv[@]}" install --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
}

main() {
    local wanted python
    wanted=$(wanted_stamp)
    if is_current "$wanted"; then
        return
    fi
    mkdir -p var
    exec 9>var/bootstrap.lock
    flock 9 # two commands started at once: the second waits, then finds it done
    if is_current "$wanted"; then
        return
    fi
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        install_packages python3-venv
    fi
    make_environment "$python"
    rm -f "$stamp"
    install_headers
    fill_environment
    printf '%s\n' "$wanted" >"$stamp"
    say "done: .venv is ready"
}

main
