# Models in the cache; the work is done by scripts/models.py.
# shellcheck shell=bash

readonly MODELS=$cache/models

models() {
  need_python
  python "$ANDANTE_HOME/scripts/models.py" "$@" --dir "$MODELS"
}

# find_model [PATH|NAME]: prints the path of the model, fetching it if its name is known; the default without a name
find_model() {
  models find ${1:+"$1"}
}

cmd_model() {
  local command=${1:-list}
  [ $# -eq 0 ] || shift
  case $command in
    pull) models pull "$@" ;;
    list)
      [ $# -eq 0 ] || fail_usage "model list takes no options, got '$1'"
      models list
      ;;
    *) fail_usage "there is no command 'model $command'" ;;
  esac
}
