defmodule Vllm.World.Recording do
  @moduledoc since: "0.1.0"
  @moduledoc """
  What the ranks of a world did last, from `Vllm.World.record/2`.

    * `format`: `:chrome`, one trace for [Perfetto](https://ui.perfetto.dev), or `:torch`, a file per rank for
      `python -m torch.distributed.flight_recorder.fr_trace FOLDER`.
    * `files`: contents by name. They have shapes and dtypes, no contents of tensors.
    * `missing`: the ranks that did not answer.
  """

  import Vllm.Bang

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.Error

  @enforce_keys [:format, :files]
  defstruct [:format, :files, missing: []]

  @type format :: :chrome | :torch
  @type t :: %__MODULE__{
          format: format(),
          files: %{String.t() => binary()},
          missing: [non_neg_integer()]
        }

  @doc since: "0.1.0"
  @doc """
  Writes a recording; returns the paths. `path` is the file of a `:chrome` recording, and the folder of the
  files of a `:torch` one, which is made.

  Each file is there whole or not at all, also if the disk is full: then it is an error of reason `write_failed`
  that says why, and an older file stays.
  """
  @spec save(t(), Path.t()) :: {:ok, [Path.t()]} | {:error, Error.t()}
  def save(%__MODULE__{format: :chrome, files: files}, path) do
    [content] = Map.values(files)
    save_all([{path, content}])
  end

  def save(%__MODULE__{format: :torch, files: files}, folder) do
    case File.mkdir_p(folder) do
      :ok ->
        save_all(
          for {name, content} <- Enum.sort(files),
              do: {Path.join(folder, Path.basename(name)), content}
        )

      {:error, reason} ->
        {:error, not_written(folder, reason)}
    end
  end

  defbang save(recording :: t(), path :: Path.t()) :: [Path.t()]

  defp save_all(files) do
    Enum.reduce_while(files, {:ok, []}, fn {path, content}, {:ok, saved} ->
      case write_whole(path, content) do
        :ok -> {:cont, {:ok, saved ++ [path]}}
        {:error, reason} -> {:halt, {:error, not_written(path, reason)}}
      end
    end)
  end

  # Beside its place, and moved there when all of it is on the disk.
  defp write_whole(path, content) do
    beside = "#{path}.#{System.pid()}-#{System.unique_integer([:positive])}"

    written =
      with {:ok, file} <- File.open(beside, [:write, :exclusive, :raw]) do
        result = with :ok <- :file.write(file, content), do: :file.sync(file)
        closed = :file.close(file)
        with :ok <- result, :ok <- closed, do: File.rename(beside, path)
      end

    if written != :ok, do: File.rm(beside)
    written
  end

  defp not_written(path, reason) do
    %Error{
      category: :validation,
      reason: "write_failed",
      message: "#{path} cannot be written: #{:file.format_error(reason)}",
      details: %{"path" => to_string(path)}
    }
  end

  @doc false
  @spec ask(String.t(), map()) :: {:ok, t()} | {:error, Error.t()}
  def ask(id, opts) do
    request = %V1.RecordRequest{world_id: id, last: opts.last, format: opts.format}

    with {:ok, config} <- Connections.config(opts.bridge),
         {:ok, message} <- PoolClient.call(config, "Record", request, V1.Recording),
         do: {:ok, from_message(message, opts.format)}
  end

  defp from_message(%V1.Recording{} = message, format) do
    %__MODULE__{
      format: format,
      files: Map.new(message.files, &{&1.name, &1.content}),
      missing: message.missing
    }
  end
end
