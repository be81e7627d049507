# Completion of the batpak command for bash.
_batpak() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local commands="init append import get log history verify audit salvage checkpoint prove heads receipt types stat key"
  local signing="--key-file --sign-events" first="--first-key --recovery-key"
  local witness="--witness --witness-create --witness-strict --accept-restore"
  local command="" operands=0 word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ -z $command ]]; then
      [[ $word == -* ]] || command=$word
    elif [[ "$command $word" =~ ^(key (new|show|rotate|revoke|history|chain)|prove (inclusion|consistency|complete|absent)|receipt verify)$ ]]; then
      command="$command $word"
    elif [[ $word != -* ]]; then
      ((operands++))
    fi
  done

  COMPREPLY=()
  case $previous in
    --key-file | --new-key-file | --recovery-key-file | --recovery-key | --revoked-key | --key | --keys | --policy | --old | --against | --html | \
      --witness) mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames; return ;;
    --store) mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames; return ;;
    --origin | --name | --entity | --scope | --kind | --correlation | --causation | --meta | --batch | --from | --from-line | \
      --limit | --threads | --payload) return ;;
  esac

  local options="--help --json"
  case $command in
    "") options="--help --version" ;;
    init | salvage) options+=" $signing $witness --origin --recovery-key" ;;
    heads) options+=" $signing $first $witness" ;;
    append)
      options+=" $signing $first $witness --entity --scope --kind --payload --correlation --causation --meta --batch --buffered"
      ;;
    import) options+=" $signing $first $witness --batch --from-line" ;;
    log) options+=" --from --entity --scope --kind --limit --all --follow" ;;
    history) options+=" --limit" ;;
    verify) options+=" --key --against --threads" ;;
    audit) options+=" --key --against --html --threads" ;;
    "prove inclusion" | "prove complete") options+=" --content" ;;
    "receipt verify") options+=" --key --keys --policy --old" ;;
    "key new") options+=" --name" ;;
    "key show") options+=" --name --store" ;;
    "key rotate") options+=" --key-file --new-key-file $witness" ;;
    "key revoke") options+=" --recovery-key-file --key-file --from --revoked-key $witness" ;;
  esac

  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  elif [[ -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
  elif [[ $command == key ]]; then
    mapfile -t COMPREPLY < <(compgen -W "new show rotate revoke history chain" -- "$current")
  elif [[ $command == prove ]]; then
    mapfile -t COMPREPLY < <(compgen -W "inclusion consistency complete absent" -- "$current")
  elif [[ $command == receipt ]]; then
    mapfile -t COMPREPLY < <(compgen -W "verify" -- "$current")
  elif [[ $command =~ ^key\ (rotate|revoke|history|chain)$ ]]; then
    mapfile -t COMPREPLY < <(compgen -d -- "$current")
    compopt -o filenames
  elif [[ $command == "key "* || $command == "receipt "* || ($command == "prove consistency" && $operands -ge 1) || ($command == import && $operands -ge 1) ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    compopt -o filenames
  elif [[ $operands -eq 0 || $command == salvage ]]; then
    mapfile -t COMPREPLY < <(compgen -d -- "$current")
    compopt -o filenames
  fi
}
complete -F _batpak batpak
