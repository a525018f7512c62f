#!/usr/bin/env bash
# Puts Schemathesis, which holds the OpenAPI document against a running server, into an environment of its own in
# target/schemathesis. Needs Python 3.10 or later, and installs it where it is missing. Does nothing, quickly, where all
# is there.
set -euo pipefail
cd "$(dirname "$0")/.."

# The same versions everywhere: another one finds other things. Hypothesis draws what is sent.
PINNED=(schemathesis==4.30.1 hypothesis==6.168.5)
FOLDER=target/schemathesis

say() { echo "schemathesis: $*" >&2; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        say "needs root for: $*"
        sudo "$@"
    else
        say "this needs root, and there is no sudo: $*"
        exit 1
    fi
}

# A Python that can make environments: Debian packs the module that puts pip into them by itself.
find_python() {
    local name
    for name in python3 python3.13 python3.12 python3.11 python3.10; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

install_python() {
    say "installing Python"
    if command -v apt-get >/dev/null; then
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends python3 python3-venv </dev/null
    elif command -v dnf >/dev/null; then
        # Where python3 is too old there is a newer one beside it.
        as_root dnf install -y -q python3.12 || as_root dnf install -y -q python3.11 ||
            as_root dnf install -y -q python3
    elif command -v brew >/dev/null; then
        brew install python@3.13
    else
        say "no package manager known here: install Python 3.10 or later"
        exit 1
    fi
}

# The file is written last, so that an installation that was cut off is begun again.
if [ "$(cat "$FOLDER/pinned" 2>/dev/null)" = "${PINNED[*]}" ] && "$FOLDER/bin/python" -c '' 2>/dev/null; then
    exit 0
fi
python=$(find_python) || { install_python && python=$(find_python); } || {
    say "there is still no Python 3.10 or later that can make environments"
    exit 1
}
say "installing ${PINNED[*]} into $FOLDER"
rm -rf "$FOLDER"
mkdir -p target
"$python" -m venv "$FOLDER"
# Over pip's own module: the path in the first line of a script may be longer than a system takes.
"$FOLDER/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary=:all: "${PINNED[@]}"
echo "${PINNED[*]}" >"$FOLDER/pinned"
