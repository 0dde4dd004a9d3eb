#!/usr/bin/env bash
# Dialyzer over the compiled client: `scripts/dialyzer.sh EBIN`. What it knows of OTP and Elixir (the
# PLT) takes half a minute to find out: it is kept outside of the repository, by their versions.
set -euo pipefail

ebin=${1:?usage: scripts/dialyzer.sh EBIN}

command -v dialyzer >/dev/null || {
  echo "dialyzer is missing: sudo apt-get install erlang-dialyzer" >&2
  exit 1
}

otp=$(erl -noshell -eval '
  {ok, Version} = file:read_file(filename:join([code:root_dir(), "releases",
    erlang:system_info(otp_release), "OTP_VERSION"])),
  io:format("~s", [string:trim(Version)]), halt().')
elixir=$(elixir -e 'IO.write(System.version())')
# Elixir's own applications, where dialyzer finds them by name.
ERL_LIBS=$(elixir -e 'IO.write(Path.dirname(:code.lib_dir(:elixir)))')
export ERL_LIBS

cache=${XDG_CACHE_HOME:-$HOME/.cache}/vllm-distributed
plt=$cache/otp-$otp-elixir-$elixir.plt

if [ ! -f "$plt" ]; then
  mkdir -p "$cache"
  echo "dialyzer: building $plt, once"
  # Warnings about OTP and Elixir themselves are not ours, and exit with 2.
  dialyzer --build_plt --output_plt "$plt.$$" --apps \
    erts kernel stdlib crypto asn1 public_key ssl elixir logger ex_unit >"$plt.log" 2>&1 || [ $? = 2 ] || {
    cat "$plt.log" >&2
    exit 1
  }
  mv "$plt.$$" "$plt"
fi

# iodata is made of improper lists on purpose: a tail is a binary, and nothing walks the list.
status=0
output=$(dialyzer --plt "$plt" -r "$ebin" -Wunknown -Wno_improper_lists 2>&1) || status=$?

# Libraries that are there or not, called only where they are loaded.
optional="^  (telemetry|otel_ctx|otel_propagator_text_map):|^  'Elixir\.(Nx|Snakepit)"
progress='^  (Checking|Proceeding)|^ ?done|^Unknown (functions|types):$'
found=$(grep -vE "$progress|$optional" <<<"$output" || true)

if [ "$status" = 1 ] || [ -n "$found" ]; then
  echo "$output"
  exit 1
fi
echo "dialyzer: nothing found"
