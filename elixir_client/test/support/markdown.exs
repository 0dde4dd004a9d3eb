defmodule Vllm.Markdown do
  @moduledoc """
  Runs the Elixir in a Markdown file, block after block, as a reader would: what one block binds, aliases
  or defines, the next ones have. What a reader need not see stands in comments, `<!-- test` on a line of
  its own, then code, then `-->`.

  A file whose blocks put no bridge under a supervisor gets one with an embedded server, unless it needs none.

  Blocks that begin with `import Config` are read as configuration, and checked. Test modules in a block
  are run. A block of `iex>` lines is compared with the results in it, `...` standing for anything.
  """

  defp block, do: ~r/^(?:```elixir\n(.*?)^```$|<!-- test\n(.*?)^-->$)/ms

  @doc "The code of a file: its line and source, in order."
  def blocks(path) do
    text = File.read!(path)

    for [{from, _size}, {start, size} | rest] <- Regex.scan(block(), text, return: :index) do
      {start, size} = if start >= 0 and size > 0, do: {start, size}, else: hd(rest)
      line = text |> binary_part(0, from) |> String.split("\n") |> length()
      {line + 1, binary_part(text, start, size)}
    end
  end

  @doc "Runs all blocks of a file in the calling process."
  def run(path) do
    blocks = blocks(path)
    # Libraries that a reader has and this project has not.
    Code.put_compiler_option(:no_warn_undefined, [:telemetry])

    own? = has?(blocks, "Supervisor.start_link") and has?(blocks, "{Vllm.Bridge,")

    if has?(blocks, ~r/Vllm\.(?!KVEvents)/) and not own? do
      {:ok, _bridge} = Vllm.Bridge.start_link(server: :embedded)
    end

    env = Code.env_for_eval(file: path)
    Enum.reduce(blocks, {[], env}, fn block, state -> run_block(path, block, state) end)
    :ok
  after
    Code.put_compiler_option(:no_warn_undefined, [])
  end

  defp has?(blocks, text), do: Enum.any?(blocks, fn {_line, source} -> source =~ text end)

  defp run_block(path, {line, source}, {binding, env}) do
    cond do
      source =~ ~r/\A(#[^\n]*\n)*import Config/ ->
        for {:vllm_distributed, options} <- Config.Reader.eval!(path, source), do: check(options)
        {binding, env}

      source =~ ~r/\Aiex> /m ->
        Enum.reduce(examples(source), {binding, env}, &compare(&1, &2, path, line))

      true ->
        {_value, binding, env} = eval(source, binding, env, path, line)
        {binding, env}
    end
  rescue
    error ->
      message = "#{path}:#{line}: " <> Exception.format(:error, error, __STACKTRACE__)
      reraise ExUnit.AssertionError, [message: message], __STACKTRACE__
  end

  defp eval(source, binding, env, path, line) do
    # Run here, and not by the suite that runs already.
    source =
      String.replace(
        source,
        ~r/use ExUnit\.Case(, async: \w+)?/,
        "use ExUnit.Case, register: false"
      )

    quoted = Code.string_to_quoted!(source, file: path, line: line)
    {value, binding, env} = Code.eval_quoted_with_env(quoted, binding, env)

    with {:module, module, _binary, _last} <- value,
         true <- function_exported?(module, :__ex_unit__, 0),
         do: tests(module)

    {value, binding, env}
  end

  defp tests(module) do
    %{tests: [_ | _] = tests} = module.__ex_unit__()

    for test <- tests do
      context = Map.merge(test.tags, module.__ex_unit__(:setup, test.tags))
      apply(module, test.name, [context])
    end
  end

  defp check(options) do
    for {key, value} <- options, do: Application.put_env(:vllm_distributed, key, value)

    try do
      {:ok, _options} = Vllm.Bridge.Config.merge([], Vllm.Bridge.Settings.schema())
      profiles = options[:timeout_profiles] || %{}
      {:ok, _profiles} = Vllm.Bridge.Profiles.configured(profiles)
    after
      for {key, _value} <- options, do: Application.delete_env(:vllm_distributed, key)
    end
  end

  defp examples(source) do
    for example <- String.split(source, ~r/^iex> /m, trim: true) do
      [code | rest] = String.split(example, ~r/\n(?!\.\.\.> )/, parts: 2)
      {String.replace(code, ~r/^\.\.\.> /m, ""), rest |> Enum.join() |> String.trim()}
    end
  end

  defp compare({code, expected}, {binding, env}, path, line) do
    {value, binding, env} = eval(code, binding, env, path, line)
    shown = inspect(value, limit: :infinity)
    bare = &String.replace(&1, ~r/\s/, "")
    pattern = expected |> bare.() |> String.split("...") |> Enum.map_join(".*", &Regex.escape/1)

    if expected != "" and not (bare.(shown) =~ Regex.compile!("\\A" <> pattern <> "\\z", "s")),
      do: raise("#{code} gives #{shown}, and not #{expected}")

    {binding, env}
  end
end
