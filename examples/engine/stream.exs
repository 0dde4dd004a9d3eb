# mix run examples/engine/stream.exs MODEL [PROMPT]
#
# Streams the text of a real vLLM engine, tensor parallel 2, token by token. `make demo-engine` makes an
# environment with vLLM and a tiny model with random weights, whose words are t0 to t1023, and runs this.

# vLLM says much.
Logger.configure(level: :error)

{model, prompt} =
  case System.argv() do
    [model] -> {model, "t5 t17 t23 t42"}
    [model, prompt] -> {model, prompt}
    _other -> raise "usage: mix run examples/engine/stream.exs MODEL [PROMPT]"
  end

# The engine starts processes of its own, which a confined rank may not.
bridge = {Vllm.Bridge, server: :embedded, args: ["--size", "1", "--allow", "engine.", "--confine", "off"]}
{:ok, supervisor} = Supervisor.start_link([bridge], strategy: :one_for_one)

session = Vllm.Session.open!(affinity: :strict_queue)
options = [max_model_len: 256, dtype: "float32", enforce_eager: true]

Vllm.Session.with_session(session, fn ->
  begun = System.monotonic_time(:millisecond)
  engine = Vllm.call!("engine.serving.load", [model], options ++ [__runtime__: [timeout: 600_000]])
  IO.puts("#{engine}, ready after #{System.monotonic_time(:millisecond) - begun} ms\n")

  IO.write(prompt)
  begun = System.monotonic_time(:millisecond)

  pieces =
    "engine.serving.stream"
    |> Vllm.stream([prompt], max_tokens: 32)
    |> Enum.map(fn piece ->
      IO.write(piece)
      {System.monotonic_time(:millisecond) - begun, piece}
    end)

  {first, _piece} = hd(pieces)
  {last, _piece} = List.last(pieces)
  IO.puts("\n\n#{length(pieces)} pieces, the first after #{first} ms, the last after #{last} ms")

  text = Enum.map_join(pieces, fn {_ms, piece} -> piece end)
  ^text = Vllm.call!("engine.serving.generate", [prompt], max_tokens: 32)

  # A reader that has had enough: the engine goes on with the next one.
  [_one, _two] = "engine.serving.stream" |> Vllm.stream([prompt], max_tokens: 200) |> Enum.take(2)
  ^text = Vllm.call!("engine.serving.generate", [prompt], max_tokens: 32)
  Vllm.call!("engine.serving.unload", [])
end)

Supervisor.stop(supervisor)
IO.puts("demo: ok")
