#!/bin/sh
# Gets the servers that Doorward is compared with, in pinned versions: bench/peers/fetch.sh FOLDER
# What is there already is not fetched again.
set -eu

folder=$1
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

fail() {
    echo "bench-peers: $1" >&2
    exit 1
}

# --- Cerbos: its npm package holds the binary.
cerbos_version=0.55.0
case "$(uname -s)-$(uname -m)" in
    Linux-x86_64)
        cerbos_package=cerbos-linux-x64
        cerbos_sha512=78b654c9c25f69058ad174d1807fcecf61375e234251abc37752e1cc5c61529677b390ae42a9aa1b7dbbb5ad0e9fc60e4f1b993bfd7d706e24bdf0b6dabd37fd
        ;;
    *) fail "there is no pinned Cerbos for $(uname -s) on $(uname -m)" ;;
esac
cerbos="$folder/cerbos"
if [ "$(cat "$cerbos/version" 2> /dev/null)" != "$cerbos_version" ]; then
    command -v npm > /dev/null || fail "npm is needed to fetch Cerbos"
    draft=$(mktemp -d "$folder/draft.XXXXXX")
    trap 'rm -rf "$draft"' EXIT
    (cd "$draft" && npm pack --silent "@cerbos/$cerbos_package@$cerbos_version" > name) \
        || fail "Cerbos cannot be fetched: is there a network?"
    archive="$draft/$(cat "$draft/name")"
    echo "$cerbos_sha512  $archive" | sha512sum --check --quiet - || fail "Cerbos is not what it was"
    tar -xzf "$archive" -C "$draft"
    mkdir -p "$cerbos"
    mv "$draft/package/$cerbos_package" "$cerbos/cerbos"
    chmod +x "$cerbos/cerbos"
    echo "$cerbos_version" > "$cerbos/version"
fi

# --- cedar-agent: from source, which takes some minutes. Its lock file pins everything below it.
agent_version=0.2.2-x86.64-unknown-linux-gnu
agent="$folder/cedar-agent"
if [ ! -x "$agent/bin/cedar-agent" ]; then
    # From outside of the workspace, whose toolchain and settings are not meant for it.
    (cd "$folder" && CARGO_TARGET_DIR="$folder/cedar-agent-build" \
        cargo install cedar-agent --version "=$agent_version" --locked --root "$agent") \
        || echo "bench-peers: cedar-agent cannot be built here; it is left out" >&2
fi
