#compdef batpak
# Completion of the batpak command for zsh.

_batpak() {
  local -a commands signing witness new trust common
  commands=(
    'init:make a new store'
    'append:append an event, or one for each line of standard input'
    'import:append the events of a JSON Lines file'
    'get:show one event'
    'log:list events'
    "history:draw the chain of one entity's events"
    'verify:recompute everything from the bytes'
    'audit:verify and write a report'
    'salvage:copy what is whole into a new store'
    'checkpoint:print the newest checkpoint'
    'prove:print proofs for others'
    'heads:declare the last event of every stream'
    'receipt:check receipts without the store'
    'types:list the types that the log declares'
    'stat:count and measure a store'
    'key:make, show and change signing keys'
  )
  signing=(
    '--key-file[the signing key of the store]:key file:_files'
    '--sign-events[sign each event too]'
  )
  witness=(
    '--witness[a memory outside of the store]:witness file:_files'
    '--witness-create[make it where it is missing]'
    '--witness-strict[write it before each receipt]'
    '--accept-restore[take a log that was put back]'
  )
  first=('--first-key[give the store its first key]' '--recovery-key[the key that alone can revoke]:key:_files')
  new=('--origin[name of the log]:name:' '--recovery-key[the key that alone can revoke]:key:_files')
  trust=('--key[check signatures with this key]:key:_files' '*--against[what was kept outside]:file:_files'
    '--threads[threads to use]:number:')
  common=('--help[show help]' '--json[print JSON, one object a line]')

  local context state line
  _arguments -C '--help[show help]' '--version[show the version]' '1:command:->command' '*::argument:->argument' && return
  if [[ $state == command ]]; then
    _describe command commands
    return
  fi
  case ${line[1]} in
    init)
      _arguments $common $signing $witness $new '1:new store:_files -/'
      ;;
    append)
      _arguments $common $signing $first $witness '--entity[names the stream]:name:' '--scope[the context it happened in]:name:' \
        '--kind[what happened]:name:' '--correlation[the story it belongs to]:id:' \
        '--causation[the event it follows from]:id:' '*--meta[metadata]:NAME=TEXT:' \
        '--batch[events a commit]:number:' '--buffered[give receipts before the events are on the device]' \
        '--payload[the payload]:JSON:' '1:store:_files -/' '2:JSON:'
      ;;
    import)
      _arguments $common $signing $first $witness '--batch[events a commit]:number:' '--from-line[leave out the lines before]:number:' \
        '1:store:_files -/' '2:file:_files -g "*.jsonl(|.gz)"'
      ;;
    get)
      _arguments $common '1:store:_files -/' '2:event id or sequence:'
      ;;
    log)
      _arguments $common '--from[begin at this sequence]:sequence:' '--entity[only this entity]:name:' \
        '--scope[only this scope]:name:' '--kind[only this kind]:kind:' '--limit[stop after so many events]:number:' \
        "--all[the store's own events too]" '(-f --follow)'{-f,--follow}'[go on with what a writer appends]' '1:store:_files -/'
      ;;
    history)
      _arguments $common '--limit[stop after so many events]:number:' '1:store:_files -/' '2:entity:'
      ;;
    verify)
      _arguments $common $trust '1:store:_files -/'
      ;;
    audit)
      _arguments $common $trust '--html[write the report as a page]:page:_files' '1:store:_files -/'
      ;;
    salvage)
      _arguments $common $signing $witness $new '1:damaged store:_files -/' '2:new store:_files -/'
      ;;
    prove)
      _arguments $common '--content[show payload and metadata too]' '1:proof:(inclusion consistency complete absent)' '2:store:_files -/' \
        '3:event, entity, size or older checkpoint:_files'
      ;;
    heads)
      _arguments $common $signing $first $witness '1:store:_files -/'
      ;;
    receipt)
      _arguments $common "--key[the log's public key]:key:_files" '--policy[logs and witnesses to trust]:policy:_files' \
        '--keys[the chain of keys that leads on from that one]:keys:_files' \
        '--old[the older checkpoint of a consistency proof]:checkpoint:_files' '1:command:(verify)' '2:receipt:_files'
      ;;
    checkpoint | types | stat)
      _arguments $common '1:store:_files -/'
      ;;
    key)
      _arguments $common $witness '--name[name of the key]:name:' '--store[a store whose origin names the key]:store:_files -/' \
        '--key-file[the key in force, or the successor]:key file:_files' '--new-key-file[the new key]:key file:_files' \
        '--recovery-key-file[the key that alone can revoke]:key file:_files' '--revoked-key[the key to revoke]:key:_files' \
        '--from[what the old key signed from here on does not count]:sequence:' \
        '1:command:(new show rotate revoke history chain)' '2:key file or store:_files'
      ;;
  esac
}

_batpak "$@"
