# mix run demo.exs
#
# Embeds sentences from many processes at once, kills a rank and asks again, and compares every number with the
# model in one piece. The last line is "demo: ok".

sentences =
  "../sentences.txt" |> Path.expand(__DIR__) |> File.read!() |> String.split("\n", trim: true)

embed_all = fn ->
  sentences
  |> Task.async_stream(&MiniLM.embed!/1, max_concurrency: 10, timeout: :infinity)
  |> Enum.map(fn {:ok, embedding} -> embedding end)
end

seconds = fn work ->
  {microseconds, result} = :timer.tc(work)
  {Float.round(microseconds / 1_000_000, 2), result}
end

# The first requests wait until the world is up and has loaded the model.
{took, first} = seconds.(embed_all)

IO.puts(
  "#{length(sentences)} sentences from as many processes, with the start of the world: #{took} s"
)

{took, second} = seconds.(embed_all)
IO.puts("again: #{took} s\n")

for {sentence, embedding} <- Enum.zip(sentences, first) do
  {nearest, alike} =
    sentences
    |> Enum.zip(first)
    |> List.delete({sentence, embedding})
    |> Enum.map(fn {other, its} -> {other, MiniLM.similarity(embedding, its)} end)
    |> Enum.max_by(&elem(&1, 1))

  IO.puts("#{sentence}\n  #{:erlang.float_to_binary(alike, decimals: 2)}  #{nearest}")
end

{:ok, info} = Vllm.World.info(MiniLM.World)
victim = List.last(info.ranks)
{_output, 0} = System.cmd("kill", ["-KILL", Integer.to_string(victim.pid)])
{took, after_kill} = seconds.(embed_all)
{:ok, info} = Vllm.World.info(MiniLM.World)

IO.puts(
  "\nrank #{victim.rank} (pid #{victim.pid}) was killed; all answers again after #{took} s, epoch #{info.epoch}"
)

{:ok, whole} =
  Vllm.Session.with_session(Vllm.Session.open!(), fn -> MiniLM.unsplit(sentences) end)

largest =
  for embeddings <- [first, second, after_kill],
      {split, unsplit} <- Enum.zip(embeddings, whole),
      {a, b} <- Enum.zip(split, unsplit),
      reduce: 0.0,
      do: (largest -> max(largest, abs(a - b)))

IO.puts("largest difference from the model in one piece: #{largest}")

if largest > 1.0e-6 do
  IO.puts(:stderr, "demo: that is more than 1e-6")
  System.halt(1)
end

Supervisor.stop(MiniLM.Supervisor)
IO.puts("\ndemo: ok")
