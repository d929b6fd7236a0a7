"""The completion scripts for bash, zsh and fish.

Each asks `farm` itself, in the way of click: a line `kind,word` for each completion (zsh: three lines, kind, word and
what it does). Names of files and folders are the shell's own to find and to escape: their kinds are `score` (score
files, and folders on the way to them), `file` and `dir`, and what is typed stands in the command line.
"""

from __future__ import annotations

BASH = """\
_farm_completion() {
    local IFS=$'\\n' word=${COMP_WORDS[COMP_CWORD]} kind value
    while IFS=, read -r kind value; do
        case $kind in
            score)
                compopt -o filenames +o nosort
                mapfile -t COMPREPLY < <(compgen -f -X '!*.[pP][hH]' -- "$word"; compgen -d -- "$word") ;;
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) printf -v value %q "$value"; COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD _FARM_COMPLETE=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F _farm_completion farm
"""

ZSH = """\
#compdef farm
_farm_completion() {
    local kind word about
    local -a words_alone words_described response
    response=("${(@f)$(COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) _FARM_COMPLETE=zsh_complete \\
        farm 2>/dev/null)}")
    for kind word about in "${response[@]}"; do
        case $kind in
            score) _path_files -/ -g '*.[pP][hH]' ;;
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            plain) if [[ $about == _ ]]; then words_alone+=("$word"); else words_described+=("$word:$about"); fi ;;
        esac
    done
    (( $#words_described )) && _describe -V unsorted words_described -U
    (( $#words_alone )) && compadd -U -V unsorted -a words_alone
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _farm_completion "$@"
else
    compdef _farm_completion farm
fi
"""

FISH = """\
function _farm_completion
    set -l words (commandline -cp)
    set -l word (commandline -t)
    for line in (env _FARM_COMPLETE=fish_complete COMP_WORDS="$words" COMP_CWORD="$word" farm 2>/dev/null)
        set -l found (string split -m 1 , -- $line)
        switch $found[1]
            case score
                __fish_complete_path $found[2] | string match -ri '^[^\\t]*(?:/|\\.ph)(?:\\t.*)?$'
            case dir
                __fish_complete_directories $found[2]
            case file
                __fish_complete_path $found[2]
            case plain
                printf '%s\\n' $found[2]
        end
    end
end
complete --no-files --command farm --arguments '(_farm_completion)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
