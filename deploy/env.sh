#!/usr/bin/env bash
# Writes .env for docker-compose.yml, with random secrets that only its owner can read. Leaves one that exists alone:
# a database keeps the password it was made with. docs/deploy.md says how to change them.
set -euo pipefail
cd "$(dirname "$0")/.."

# 32 random bytes in hexadecimal digits, which mean themselves in URLs.
secret() { od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n'; }

if [ -e .env ] || [ -L .env ]; then
    echo "env: there is a .env already; it stays as it is" >&2
    exit 0
fi

# Under another name first: who is interrupted must not be left with half of it.
umask 077
draft=$(mktemp .env.XXXXXX)
trap 'rm -f "$draft"' EXIT
cat >"$draft" <<END
# Secrets of docker-compose.yml. Not for the repository.
POSTGRES_PASSWORD=$(secret)
REDIS_PASSWORD=$(secret)
# What sealed keys and tokens in links are made with.
DOORWARD_SECRET=$(secret)
# The first API key, with every scope.
DOORWARD_BOOTSTRAP_KEY=dw_$(secret)
END
# A link, and no move: it fails where somebody else was faster.
ln "$draft" .env
echo "env: .env written" >&2
