# bash completion of hutch(1); made by `hutch completion bash`
_hutch_offer() {
    local word
    for word in "$@"; do
        [[ $word == "$current"* ]] && COMPREPLY+=("$word ")
    done
}
_hutch_names() {
    local name
    while IFS= read -r name; do
        [[ $name == "$current"* ]] && COMPREPLY+=("$(printf %q "$name") ")
    done < <("${COMP_WORDS[0]}" "$1" --names 2>/dev/null)
}
_hutch_profiles() {
    _hutch_names list
    _hutch_files
}
_hutch_files() {
    local path
    while IFS= read -r path; do
        if [[ -d $path ]]; then COMPREPLY+=("$(printf %q "$path")/"); else COMPREPLY+=("$(printf %q "$path") "); fi
    done < <(compgen -f -- "$current")
}
_hutch_programs() {
    local name
    while IFS= read -r name; do
        COMPREPLY+=("$(printf %q "$name") ")
    done < <(compgen -c -- "$current" | sort -u)
    _hutch_files
}
_hutch() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
    local options operand choices program= operands=0 i
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _hutch_offer run build plan show check access diff verify test list ps inspect enter kill install new doctor explain schema completion version help
        return
    fi
    case $command in
        run) options='--set --param --ro --rw --tmpfs --env --hostname --cwd --net --name --timeout --status-fd --report --verify --timings --behind --json --verbose --log-file --color --help' operand=profile choices='' program=1 ;;
        build) options='--set --param --ro --rw --tmpfs --env --hostname --cwd --net --into --record --replace --keep --check --verify --timeout --json --verbose --log-file --color --help' operand=profile choices='' program=1 ;;
        plan) options='--set --param --ro --rw --tmpfs --env --hostname --cwd --net --digest --json --verbose --log-file --color --help' operand=profile choices='' program=1 ;;
        show) options='--set --param --ro --rw --tmpfs --env --hostname --cwd --net --json --verbose --log-file --color --help' operand=profile choices='' ;;
        check) options='--set --param --ro --rw --tmpfs --env --hostname --cwd --net --strict --json --verbose --log-file --color --help' operand=profiles choices='' ;;
        access) options='--set --param --ro --rw --tmpfs --env --hostname --cwd --net --json --verbose --log-file --color --help' operand=profile_and_paths choices='' ;;
        diff) options='--set --param --ro --rw --tmpfs --env --hostname --cwd --net --json --verbose --log-file --color --help' operand=profiles choices='' ;;
        verify) options='--set --param --ro --rw --tmpfs --env --hostname --cwd --net --json --verbose --log-file --color --help' operand=profile choices='' ;;
        test) options='--set --param --ro --rw --tmpfs --env --hostname --cwd --net --timeout --strict --json --verbose --log-file --color --help' operand=profiles choices='' ;;
        list) options='--names --json --verbose --log-file --color --help' operand=none choices='' ;;
        ps) options='--names --json --verbose --log-file --color --help' operand=none choices='' ;;
        inspect) options='--json --verbose --log-file --color --help' operand=sandbox choices='' ;;
        enter) options='--json --verbose --log-file --color --help' operand=sandbox choices='' program=1 ;;
        kill) options='--signal --json --verbose --log-file --color --help' operand=sandbox choices='' ;;
        install) options='--user --system --undo --list --json --verbose --log-file --color --help' operand=profile choices='' ;;
        new) options='--from --output --verbose --log-file --color --help' operand=program choices='' ;;
        doctor) options='--set --param --ro --rw --tmpfs --env --hostname --cwd --net --json --verbose --log-file --color --help' operand=profile choices='' ;;
        explain) options='--verbose --log-file --color --help' operand=none choices='' ;;
        schema) options='--verbose --log-file --color --help' operand=choice choices='profile plan report diff check verify test doctor' ;;
        completion) options='--verbose --log-file --color --help' operand=choice choices='bash zsh fish' ;;
        version) options='--verbose --log-file --color --help' operand=none choices='' ;;
        help) options='--verbose --log-file --color --help' operand=command choices='' ;;
        *) return ;;
    esac
    # bash splits words at "=": --color=always is three of them.
    if [[ $current == = ]]; then current=; elif [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi
    for ((i = 2; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --set|--param|--ro|--rw|--tmpfs|--env|--hostname|--cwd|--net|--into|--record|--keep|--verify|--name|--timeout|--status-fd|--report|--behind|--from|--output|--signal|--log-file|--color)
                ((i++))
                [[ ${COMP_WORDS[i]} == = ]] && ((i++))
                while [[ ${COMP_WORDS[i+1]} == = ]]; do ((i += 2)); done ;;
            -*) ;;
            *) ((operands++)) ;;
        esac
    done
    if [[ -n $program ]] && ((operands > 0)); then
        _hutch_files
        return
    fi
    case $previous in
        --net) _hutch_offer host new; return ;;
        --color) _hutch_offer auto always never; return ;;
        --ro|--rw|--into|--record|--keep|--verify|--report|--behind|--output|--log-file) _hutch_files; return ;;
        --set|--param|--ro|--rw|--tmpfs|--env|--hostname|--cwd|--net|--into|--record|--keep|--verify|--name|--timeout|--status-fd|--report|--behind|--from|--output|--signal|--log-file|--color) return ;;
    esac
    if [[ $current == -* ]]; then
        _hutch_offer $options
        return
    fi
    case $operand in
        profile) ((operands == 0)) && _hutch_profiles ;;
        profiles) _hutch_profiles ;;
        profile_and_paths) if ((operands == 0)); then _hutch_profiles; else _hutch_files; fi ;;
        sandbox) ((operands == 0)) && _hutch_names ps ;;
        program) ((operands == 0)) && _hutch_programs ;;
        choice) ((operands == 0)) && _hutch_offer $choices ;;
        command) ((operands == 0)) && _hutch_offer run build plan show check access diff verify test list ps inspect enter kill install new doctor explain schema completion version help ;;
    esac
}
complete -o nospace -F _hutch hutch
