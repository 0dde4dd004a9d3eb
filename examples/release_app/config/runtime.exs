import Config

# Read when the release starts: the interpreter that runs the ranks, and how many there are.
config :vllm_distributed,
  python: System.get_env("RANKS_PYTHON", "python3"),
  size: "RANKS" |> System.get_env("1") |> String.to_integer()
