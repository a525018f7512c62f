#!/usr/bin/env bash
# Installs what `make test` needs and this machine lacks: the programs of Postgres and of Redis, a headless Chromium with
# its driver, cargo-nextest, and Schemathesis. Does nothing, quickly, where all are there.
set -euo pipefail
cd "$(dirname "$0")/.."

# A version that the pinned Rust compiles; any later one that is already installed is as good.
NEXTEST=0.9.143

say() { echo "install: $*" >&2; }

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

# Debian's packages start a server as soon as they are installed, unless this file says otherwise. Tests start
# their own; the file goes again afterwards, and one that was there already is left as it is.
with_apt() {
    local settings=/etc/postgresql-common/createcluster.conf ours=no
    if [ ! -e "$settings" ]; then
        ours=yes
        as_root mkdir -p "$(dirname "$settings")"
        echo 'create_main_cluster = false' | as_root tee "$settings" >/dev/null
    fi
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
        apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold postgresql </dev/null
    if [ "$ours" = yes ]; then
        # What the package would have put there; ucf keeps it beside ours.
        if [ -e "$settings.ucf-dist" ]; then
            as_root mv "$settings.ucf-dist" "$settings"
        else
            as_root sed -i 's/^create_main_cluster = false$/#create_main_cluster = true/' "$settings"
        fi
    fi
}

install_postgres() {
    say "installing Postgres (programs only, no server is started)"
    if command -v apt-get >/dev/null; then
        with_apt
    elif command -v dnf >/dev/null; then
        as_root dnf install -y -q postgresql-server postgresql postgresql-contrib
    elif command -v brew >/dev/null; then
        brew install postgresql@17
    else
        say "no package manager known here: install Postgres 15 or later and set PG_BIN to the folder of initdb"
        exit 1
    fi
}

# Debian's package starts a server and enables it for the next boot. Whether one may start is asked of this file, which
# goes again afterwards; one that was there already is left as it is, for then somebody has decided.
redis_with_apt() {
    local policy=/usr/sbin/policy-rc.d ours=no status=0
    as_root apt-get update -qq
    if [ ! -e "$policy" ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends redis-server </dev/null || status=$?
    if [ "$ours" = yes ]; then
        as_root rm -f "$policy"
    fi
    if [ "$status" -eq 0 ] && command -v systemctl >/dev/null; then
        as_root systemctl disable --quiet redis-server
    fi
    return "$status"
}

install_redis() {
    say "installing Redis (programs only, no server is started)"
    if command -v apt-get >/dev/null; then
        redis_with_apt
    elif command -v dnf >/dev/null; then
        # Newer releases have its successor instead, which will do.
        as_root dnf install -y -q redis || as_root dnf install -y -q valkey
    elif command -v brew >/dev/null; then
        brew install redis
    else
        say "no package manager known here: install Redis 6.2 or later and set REDIS_BIN to redis-server"
        exit 1
    fi
}

# Both at once: a driver only understands the browser of its own version.
install_browser() {
    say "installing Chromium and its driver"
    if command -v apt-get >/dev/null; then
        as_root apt-get update -qq
        # Debian's names; the other two are Ubuntu's.
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends chromium chromium-driver </dev/null ||
            as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get install -y -qq --no-install-recommends chromium-browser chromium-chromedriver </dev/null
    elif command -v dnf >/dev/null; then
        as_root dnf install -y -q chromium chromium-headless chromedriver
    elif command -v brew >/dev/null; then
        brew install --cask chromium chromedriver
    else
        say "no package manager known here: install Chromium, and set CHROMEDRIVER_BIN to the path of chromedriver"
        exit 1
    fi
}

# The harness itself says what it can use, so that there is one truth about it.
find_postgres() { cargo run --quiet --package harness -- find-postgres; }
find_redis() { cargo run --quiet --package harness -- find-redis; }
find_browser() { cargo run --quiet --package harness -- find-browser; }

if ! find_postgres >/dev/null; then
    install_postgres
    say "Postgres is in $(find_postgres)"
fi

if ! find_redis >/dev/null; then
    install_redis
    say "Redis is $(find_redis)"
fi

if ! find_browser >/dev/null; then
    install_browser
    say "the browser is driven by $(find_browser)"
fi

if ! cargo nextest --version >/dev/null 2>&1; then
    say "installing cargo-nextest $NEXTEST: it is compiled here, which takes some minutes"
    # Not optimized: it waits for tests most of the time, and compiles in a third of the time.
    CARGO_PROFILE_DEV_DEBUG=0 cargo install cargo-nextest --version "$NEXTEST" --locked --debug --quiet
fi

harness/schemathesis.sh
