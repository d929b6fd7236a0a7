# Sourced by scripts/farm and scripts/test: keeps .venv in step with configs/lock.txt.
#
# .venv/lock.sha256 holds the checksum of the lock that .venv was made from. It is removed before anything else and
# written last, so that a build which was interrupted is never taken for a finished one.
# shellcheck shell=bash

say() { printf 'farm: %s\n' "$*" >&2; }

# venv_finished ROOT CHECKSUM: was a .venv made from the lock with this checksum, to its end?
venv_finished() {
    local stamp=
    [[ -r $1/.venv/lock.sha256 ]] && read -r stamp <"$1/.venv/lock.sha256" && [[ $stamp == "$2" ]]
}

# venv_ready ROOT CHECKSUM: and can its Python be run?
venv_ready() {
    [[ -x $1/.venv/bin/python ]] && venv_finished "$1" "$2"
}

# find_python: prints the path of the first fit Python. It is the real file, not a link: the link may lie in the .venv
# that is about to be removed.
find_python() {
    local name tried=
    for name in ${PYTHON:+"$PYTHON"} python3.14 python3.13 python3.12 python3.11 python3; do
        "$name" -I -c '
import sys
if sys.version_info < (3, 11):
    sys.exit(1)
import ensurepip, os, venv
print(os.path.realpath(sys.executable))' 2>/dev/null && return
        tried+=" $name"
    done
    say "no fit Python found. farm needs Python 3.11 or newer with its venv and ensurepip modules; tried:$tried."
    say "Install one (on Debian and Ubuntu: apt install python3 python3-venv), or name one: PYTHON=/path/to/python3"
    return 1
}

# build_venv ROOT CHECKSUM: in a subshell, so that the flock ends with it. One build at a time; the others wait.
build_venv() (
    root=$1 checksum=$2 venv=$1/.venv
    if ! { : >>"$root/.venv.lock"; } 2>/dev/null; then
        local why="this clone cannot be written ($root): let its owner run scripts/farm once"
        if venv_finished "$root" "$checksum"; then
            why="you cannot run the Python of this clone ($(readlink -m -- "$venv/bin/python")): let its owner permit it,"
            why+=" or make .venv of a Python for all, PYTHON=/usr/bin/python3"
        fi
        say "$why, or install it for yourself: python3 -m pip install $(printf %q "$root")"
        exit 1
    fi
    exec 9>>"$root/.venv.lock" || exit
    if ! flock --nonblock 9; then
        say "another run is setting up .venv; waiting for it to finish"
        flock 9 || exit
        venv_ready "$root" "$checksum" && exit
    fi
    python=$(find_python) || exit
    if [[ -e $venv ]]; then
        say "configs/lock.txt has changed, or .venv is incomplete: making .venv anew"
    fi
    say "setting up .venv with $python: fetching and installing the packages in configs/lock.txt"
    say "this happens once and takes about a minute; longer on a slow network (it fetches 150 MB)"
    # A link is not followed: what it leads to is the .venv of another checkout, and stays whole.
    [[ ! -L $venv ]] || rm -f "$venv"
    rm -f "$venv/lock.sha256" && rm -rf "$venv" && "$python" -I -m venv "$venv" || {
        say "could not make $venv: the reason stands above"
        exit 1
    }
    "$venv/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
        --only-binary=:all: --requirement "$root/configs/lock.txt" || {
        say "could not install the packages: the reason stands above. Run the same command again to retry."
        exit 1
    }
    printf '%s\n' "$checksum" >"$venv/lock.sha256.part" && mv "$venv/lock.sha256.part" "$venv/lock.sha256" || exit
    say ".venv is ready"
)

# ensure_venv ROOT: returns at once when .venv is current, without starting Python.
ensure_venv() {
    local checksum
    checksum=$(sha256sum <"$1/configs/lock.txt") || return
    checksum=${checksum%% *}
    venv_ready "$1" "$checksum" || build_venv "$1" "$checksum"
}
