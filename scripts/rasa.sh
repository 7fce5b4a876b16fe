#!/bin/sh
# Installs Rasa Open Source into an environment of its own, .venv-rasa, and trains it from data/nlu.
#
#   sh scripts/rasa.sh serve [--pipeline light|diet] [--epochs N] [--port 5005]    train and serve on loopback
#   sh scripts/rasa.sh test                                                        the contract suite over both engines
#
# Rasa 3.6.21 needs Python 3.10 and libraries that cannot live beside the desk's (2.7 GB). PYTHON310=… names the Python,
# RASA_ENVIRONMENT=… another place for the environment. Nothing is reported to Rasa's makers.
set -eu

rasa_version=3.6.21
purpose=${1:-serve}
[ $# = 0 ] || shift
environment=${RASA_ENVIRONMENT:-.venv-rasa}
stamp=$environment/installed
export RASA_TELEMETRY_ENABLED=false

say() { printf '%s\n' "$*"; }

is_ten() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 10))' >/dev/null 2>&1; }

find_python() {
    for candidate in ${PYTHON310:-} python3.10 "$HOME"/.pyenv/versions/3.10*/bin/python /opt/python3.10/bin/python3; do
        if is_ten "$candidate"; then
            say "$candidate"
            return
        fi
    done
    return 1
}

# Does nothing when it is done already; 1 when there is no Python 3.10.
install() {
    [ "$(cat "$stamp" 2>/dev/null)" = "$rasa_version" ] && return
    python=$(find_python) || return 1
    say "installing Rasa $rasa_version into $environment with $python (2.7 GB, some minutes) …"
    rm -rf "$environment"
    "$python" -m venv "$environment"
    log=$environment/install.log
    # Rasa imports pkg_resources, which newer setuptools no longer has.
    if ! "$environment/bin/pip" install --disable-pip-version-check --no-input --progress-bar off \
        "setuptools<81" wheel "rasa==$rasa_version" "jieba>=0.42,<0.43" >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        say "the installation failed, see above; the whole log is $log" >&2
        exit 1
    fi
    say "$rasa_version" >"$stamp"
}

if ! install; then
    say "==" "== SKIPPED: no Python 3.10 was found, and Rasa $rasa_version runs on nothing newer." \
        "== Install one (sudo apt-get install python3.10 python3.10-venv) or name it with PYTHON310=/path/to/python" "==" >&2
    [ "$purpose" = test ] && exit 0
    exit 1
fi
case $purpose in
serve) exec .venv/bin/python -m desk.rasa_running --environment "$environment" "$@" ;;
test)
    .venv/bin/python -m desk.rasa_running --environment "$environment" --pipeline light --train-only
    RASA_ENVIRONMENT=$environment exec .venv/bin/python -m pytest -q tests/rasa_live/contract.py "$@"
    ;;
*)
    say "usage: sh scripts/rasa.sh serve|test" >&2
    exit 2
    ;;
esac
