# One embedded server for the whole suite, found as users' programs are: `make test` sets VLLM_BRIDGE.
bridge =
  {Vllm.Bridge, server: :embedded, args: ["--config", Path.expand("support/pools.toml", __DIR__)]}

{:ok, _supervisor} =
  Supervisor.start_link([bridge], strategy: :one_for_one, name: Vllm.TestSupervisor)

# `timeout` ends a test that hangs; a busy machine takes its time.
ExUnit.start(capture_log: true, assert_receive_timeout: 2000, timeout: 180_000)
