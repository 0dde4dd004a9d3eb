# One embedded server for the whole suite, found as users' programs are: `make test` sets VLLM_BRIDGE.
{:ok, _supervisor} =
  Supervisor.start_link([{Vllm.Bridge, server: :embedded}], strategy: :one_for_one)

ExUnit.start(capture_log: true, assert_receive_timeout: 2000)
