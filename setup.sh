#!/bin/sh
# setup.sh: installs what Ward needs on a Debian 12 machine, then builds, checks or demonstrates it.
#
#   ./setup.sh build    install, build the release programs into build/release/
#   ./setup.sh check    install, build, run every test; the last line is "N passed, N failed, N skipped"
#   ./setup.sh demo     install, build, run a real local cluster with throw-away keys (arguments go to `ward demo`)
#
# Root is asked for only by the package manager, and only when something is missing.
set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) # the caller's directory stays: paths among the arguments of demo are the caller's

packages_build="gcc make pkg-config libc6-dev liburing-dev libsodium-dev libxxhash-dev libjemalloc-dev libcyaml-dev libjansson-dev libssl-dev"
packages_check="$packages_build libcriterion-dev clang libclang-rt-14-dev llvm perl iproute2 procps valgrind binutils"

usage() { sed -n '2,8s/^# \{0,1\}//p' "$0"; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        echo "setup.sh: root is needed to install packages and sudo is not here; run as root: $*" >&2
        exit 7
    fi
}

install_missing() {
    missing=""
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "setup.sh: installing:$missing" >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2
    # shellcheck disable=SC2086  # a list of package names
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >&2
}

[ $# -ge 1 ] || { usage >&2; exit 2; }
verb=$1
shift
jobs=$(getconf _NPROCESSORS_ONLN)

# The lists are words on purpose.
# shellcheck disable=SC2086
case "$verb" in
build)
    install_missing $packages_build
    make -s -C "$top" -j"$jobs" all >&2
    ;;
check)
    install_missing $packages_check
    exec make -s -C "$top" -j"$jobs" check-all
    ;;
demo)
    install_missing $packages_build
    make -s -C "$top" -j"$jobs" all >&2
    exec "$top/build/release/ward" demo "$@"
    ;;
help | --help | -h)
    usage
    ;;
*)
    echo "setup.sh: no such verb: $verb" >&2
    usage >&2
    exit 2
    ;;
esac
