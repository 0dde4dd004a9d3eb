# One embedded server for the whole suite, found as users' programs are: `make test` sets VLLM_BRIDGE.
bridge =
  {Vllm.Bridge, server: :embedded, args: ["--config", Path.expand("support/pools.toml", __DIR__)]}

{:ok, _supervisor} =
  Supervisor.start_link([bridge], strategy: :one_for_one, name: Vllm.TestSupervisor)

# What comes in the end may take its time on a busy machine. `timeout` ends a test that hangs.
ExUnit.start(capture_log: true, assert_receive_timeout: 30_000, timeout: 180_000)
