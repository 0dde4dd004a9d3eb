#!/usr/bin/env bash
# Runs make's targets in lanes side by side: `scripts/lanes.sh LANE...`, where a lane is one target or
# several in quotes, which run one after the other. Says every half minute how far each lane is,
# prints a lane's output whole when the lane ends, and fails at the end if any lane has failed.
set -uo pipefail
cd "$(dirname "$0")/.."
unset MAKEFLAGS MAKELEVEL # each lane is a make of its own

logs=$(mktemp -d)
declare -A pids took
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$logs"' EXIT
trap 'exit 130' INT TERM

for lane in "$@"; do
  name=${lane%% *}
  # shellcheck disable=SC2086 # several targets
  make --keep-going --no-print-directory $lane >"$logs/$name" 2>&1 &
  pids[$name]=$!
  echo "$name: begins (${lane// /, then })"
done

failed=() next=30
while [ ${#pids[@]} != 0 ]; do
  sleep 1
  for name in "${!pids[@]}"; do
    if kill -0 "${pids[$name]}" 2>/dev/null; then
      ((SECONDS < next)) || echo "$name: ${SECONDS} s: $(tail -n 1 "$logs/$name" | cut -c 1-100)"
      continue
    fi
    result=passed
    wait "${pids[$name]}" || { result=FAILED && failed+=("$name"); }
    unset "pids[$name]"
    took[$name]="$name: $result after $SECONDS s"
    printf '\n=== %s\n' "${took[$name]}"
    cat "$logs/$name"
    echo
  done
  ((SECONDS < next)) || next=$((SECONDS + 30))
done

echo "=== all lanes have ended"
printf '%s\n' "${took[@]}"
reruns=$(grep -h '^RERUN ' "$logs"/* | sort | uniq -c)
[ -z "$reruns" ] || printf 'tried once more (see CONTRIBUTING.md):\n%s\n' "$reruns"
[ ${#failed[@]} = 0 ] || { echo "FAILED: ${failed[*]}" && exit 1; }
