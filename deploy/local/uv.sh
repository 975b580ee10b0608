#!/usr/bin/env bash
# Runs the checkout's pinned uv with the person's own pip configuration.
#
# Guarantee: packages come from where `pip` would take them. uv reads no pip.conf and no PIP_*
# variable, so each pip setting that names a source is passed on, unless the person has set uv's
# own variable for it.
#
# Usage: deploy/local/uv.sh pip install ...
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
settings=$("$root/.venv/bin/python" -m pip config list)

# The value of one pip setting: the environment before `pip install`'s own section before [global].
pip_setting() {
    local scope
    for scope in :env: install global; do
        local value
        value=$(sed -n "s/^$scope\.$1='\(.*\)'\$/\1/p" <<<"$settings")
        if [ -n "$value" ]; then
            printf '%s' "${value//\\n/ }"
            return
        fi
    done
}

# pass_on UV_VARIABLE VALUE: the person's own uv variable wins.
pass_on() {
    if [ -n "$2" ] && [ -z "${!1:-}" ]; then
        export "$1=$2"
    fi
}

extra=$(pip_setting extra-index-url)
links=$(pip_setting find-links)
pass_on UV_DEFAULT_INDEX "$(pip_setting index-url)"
pass_on UV_NO_INDEX "$(pip_setting no-index)"
pass_on SSL_CERT_FILE "$(pip_setting cert)"
pass_on UV_FIND_LINKS "$(tr -s ' ' ',' <<<"$links" | sed 's/^,//; s/,$//')"
if [ -n "$extra" ]; then
    pass_on UV_INDEX "$extra"
    # pip looks at all its indexes and takes the best version; uv by itself stops at the first.
    pass_on UV_INDEX_STRATEGY unsafe-best-match
fi
exec "$root/.venv/bin/uv" "$@"
