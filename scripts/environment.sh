#!/bin/sh
# Makes the environment .venv and installs the project into it; does nothing when that is done already.
#
#   sh scripts/environment.sh run    what running needs
#   sh scripts/environment.sh dev    what testing and checking need as well
#
# PYTHON=… names the Python to use; otherwise it is the first one on the PATH that is new enough and complete.
# A second call needs no network and no time: .venv/installed says for which project file, place and purpose it was made.
set -eu

purpose=${1:-run}
here=$(pwd -P)
venv_python=.venv/bin/python
stamp=.venv/installed

say() { printf '%s\n' "$*"; }
fail() {
    say "$@" >&2
    exit 1
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
complete() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }
version_of() { "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null; }

without_venv() {
    short=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    fail "$1 (Python $short) has no venv module with pip. On Debian and Ubuntu it is a package of its own:" \
        "sudo apt-get install python3-venv   (or python$short-venv for just this version)"
}

# Sets `python` to the one to use, or ends with what to do.
choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        version=$(version_of "$PYTHON") || fail "PYTHON=$PYTHON does not run as a Python"
        new_enough "$PYTHON" || fail "PYTHON=$PYTHON is Python $version, which is too old: 3.11 or newer is needed"
        complete "$PYTHON" || without_venv "$PYTHON"
        python=$PYTHON
        return
    fi
    incomplete='' old=''
    for candidate in python3.13 python3.12 python3.11 python3; do
        version=$(version_of "$candidate") || continue
        if ! new_enough "$candidate"; then
            old="$candidate is Python $version"
        elif complete "$candidate"; then
            python=$candidate
            return
        else
            incomplete=${incomplete:-$candidate}
        fi
    done
    [ -z "$incomplete" ] || without_venv "$incomplete"
    [ -z "$old" ] || fail "$old, which is too old: 3.11 or newer is needed." \
        "Install one, for example: sudo apt-get install python3.11 python3.11-venv, or name one with PYTHON=/path/to/python"
    fail "no Python was found; 3.11 or newer is needed: sudo apt-get install python3 python3-venv"
}

# What the environment is made for. A copied or moved checkout gets a new one: an environment knows its own place.
wanted() {
    cksum <pyproject.toml
    say "$here"
}

is_installed() {
    [ -f "$stamp" ] && [ -x "$venv_python" ] || return 1
    [ "$(sed -n '1,2p' "$stamp")" = "$(wanted)" ] || return 1
    [ "$purpose" = run ] || [ "$(sed -n 3p "$stamp")" = dev ] || return 1
    [ -z "${PYTHON:-}" ] || [ "$(version_of "$PYTHON")" = "$(version_of "$venv_python")" ]
}

# A usable environment in this place is kept and only brought up to date.
is_usable() {
    grep -qF "$here/.venv" .venv/bin/activate 2>/dev/null && new_enough "$venv_python" &&
        "$venv_python" -m pip --version >/dev/null 2>&1 || return 1
    [ -z "${PYTHON:-}" ] || [ "$(version_of "$PYTHON")" = "$(version_of "$venv_python")" ]
}

# Runs pip with a line every few seconds instead of its hundreds; when it fails, the end of its own words is shown.
install() {
    log=.venv/install.log
    : >$log
    "$venv_python" -m pip install --disable-pip-version-check --no-input --progress-bar off "$@" >$log 2>&1 &
    pip=$!
    # A process in the background does not hear Ctrl+C by itself.
    trap 'kill $pip; exit 130' INT TERM HUP
    last='' seconds=0
    while kill -0 $pip 2>/dev/null; do
        now=$(sed -nE 's/^ *Downloading ([A-Za-z0-9_.]+)-.*/downloading \1/p; s/^Installing collected.*/unpacking/p' $log | tail -n 1)
        if [ $((seconds % 3)) = 2 ] && [ "$now" != "$last" ]; then
            say "  $now"
            last=$now
        fi
        sleep 1
        seconds=$((seconds + 1))
    done
    trap - INT TERM HUP
    wait $pip && return
    tail -n 15 $log >&2
    fail "the installation failed, see above; the whole log is $log." \
        "Behind a mirror or a proxy set PIP_INDEX_URL or https_proxy, then run the same command again."
}

case $purpose in
run | dev) ;;
*) fail "usage: sh scripts/environment.sh run|dev" ;;
esac
is_installed && exit 0

if ! is_usable; then
    choose_python
    say "making the environment .venv with $python ($(version_of "$python")) …"
    rm -rf .venv
    "$python" -m venv .venv || fail "the environment could not be made; is this folder writable and the disk not full?"
fi
rm -f "$stamp"
say "installing the libraries (some minutes the first time) …"
if [ "$purpose" = dev ]; then
    # Dependency groups came with pip 25.1; Debian's own pip is older.
    "$venv_python" -c 'import sys, pip; sys.exit(tuple(map(int, pip.__version__.split(".")[:2])) < (25, 1))' ||
        install --upgrade 'pip>=25.1'
    install --editable . --group dev
else
    install --editable .
fi
{
    wanted
    say "$purpose"
} >"$stamp"
say "installed."
