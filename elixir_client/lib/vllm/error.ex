defmodule Vllm.Error do
  @moduledoc since: "0.1.0"
  @moduledoc """
  What went wrong in a call.

  Every function returns `{:error, %Vllm.Error{}}`; the forms with a `!` raise it.

    * `category`: where the failure is. `:worker` (a rank is gone or busy), `:timeout`, `:python_error`
      (the called Python raised), `:grpc_error` (the wire), `:validation` (an argument or option),
      `:pool` (the bridge or its pool).
    * `reason`: a short stable name to match on, e.g. `"worker_busy"`, `"session_not_found"`; or `nil`.
      docs/errors.md lists them all, with what to do.
    * `message`: what was wrong, with the values, and what to do.
    * `details`: the facts behind the message, a map with string keys.
    * `python_type`, `traceback`: of the Python exception, where there was one.
    * `rank`: global rank in its world, or `nil`.
    * `call_id`: the call as the rank's journal knows it, or `nil`.
  """

  defexception [
    :category,
    :reason,
    :message,
    :python_type,
    :traceback,
    :rank,
    :call_id,
    details: %{}
  ]

  @type category :: :worker | :timeout | :python_error | :grpc_error | :validation | :pool
  @type t :: %__MODULE__{
          category: category(),
          reason: String.t() | nil,
          message: String.t(),
          details: %{optional(String.t()) => term()},
          python_type: String.t() | nil,
          traceback: String.t() | nil,
          rank: integer() | nil,
          call_id: String.t() | nil
        }

  alias Vllm.Bridge.{Protobuf, V1}

  @trailer "vllm-error-bin"
  @categories [:worker, :timeout, :python_error, :grpc_error, :validation, :pool]

  # https://grpc.github.io/grpc/core/md_doc_statuscodes.html; what each means here, and the remedy.
  @statuses %{
    1 => {"cancelled", :grpc_error, "the server cancelled the call"},
    2 => {"unknown", :grpc_error, "the server failed without saying how; see its log"},
    3 => {"invalid_argument", :validation, "the server refused the request"},
    4 => {"deadline_exceeded", :timeout, "raise `timeout` in `__runtime__`"},
    5 => {"not_found", :pool, "what the call names does not exist"},
    6 => {"already_exists", :pool, "choose another id"},
    7 => {"permission_denied", :pool, "the server does not allow this"},
    8 =>
      {"resource_exhausted", :pool,
       "a limit of the server was reached; for a message that is too large, send the data in parts"},
    9 => {"failed_precondition", :pool, "the server is not in a state to do this"},
    10 => {"aborted", :grpc_error, "the server gave the call up"},
    11 => {"out_of_range", :validation, "a value is outside its range"},
    12 =>
      {"unimplemented", :grpc_error,
       "the server does not know this function: use the same version of vllm_bridge and of this client"},
    13 => {"internal", :grpc_error, "the server failed; see its log"},
    14 => {"unavailable", :worker, "the server cannot be reached at the moment"},
    15 => {"data_loss", :grpc_error, "the server lost data"},
    16 => {"unauthenticated", :pool, "give the server's token: `{Vllm.Bridge, token: ...}`"}
  }

  @doc since: "0.1.0"
  @doc """
  The error as one text: where it happened, what happened, and what to do. Python's traceback is in `traceback`,
  and in what `format/2` makes of it.
  """
  @spec message(t()) :: String.t()
  @impl Exception
  def message(%__MODULE__{} = error) do
    where = if error.rank && not named?(error), do: "rank #{error.rank}: ", else: ""
    type = if error.python_type in [nil, ""], do: "", else: "#{error.python_type}: "

    "#{where}#{type}#{error.message}#{label(error)}#{remedy(error)}"
  end

  # What the user's own code raised says nothing of where to look; the other errors do.
  defp remedy(%{reason: "exception", traceback: traceback}) when traceback not in [nil, ""],
    do: ". Vllm.Error.format(error, traceback: true) shows where it was raised"

  defp remedy(_explained), do: ""

  @format [traceback: [type: :boolean, default: false, doc: "Whether with Python's traceback."]]

  @doc since: "0.1.0"
  @doc """
  As `message/1`, for people.

  Options:

  #{Vllm.Options.docs(@format)}
  """
  @spec format(t(), keyword()) :: String.t()
  def format(%__MODULE__{} = error, opts \\ []) do
    case Vllm.Options.parse(opts, @format, "Vllm.Error.format") do
      {:ok, %{traceback: true}} when error.traceback not in [nil, ""] ->
        message(error) <> "\n\nPython traceback:\n" <> error.traceback

      {:ok, _without} ->
        message(error)

      {:error, wrong} ->
        raise wrong
    end
  end

  # "rank 0 of world w was killed", "ranks 0, 1 had not returned".
  defp named?(%{message: message, rank: rank}) when is_binary(message),
    do: String.starts_with?(message, ["rank #{rank} ", "ranks #{rank},"])

  defp named?(_error), do: false

  defp label(%{category: category, reason: nil}), do: " (#{category})"
  defp label(%{category: category, reason: reason}), do: " (#{category}: #{reason})"

  @doc since: "0.1.0"
  @doc """
  The value of `{:ok, value}`, and `:ok` as it is; raises the error of `{:error, error}`.

      iex> Vllm.Error.unwrap!({:ok, 3})
      3
  """
  @spec unwrap!(:ok | {:ok, value} | {:error, t()}) :: :ok | value when value: term()
  def unwrap!({:ok, value}), do: value
  def unwrap!(:ok), do: :ok
  def unwrap!({:error, %__MODULE__{} = error}), do: raise(error)

  @doc false
  @spec validation(String.t(), String.t() | nil) :: t()
  def validation(message, reason \\ nil),
    do: %__MODULE__{category: :validation, reason: reason, message: message}

  @doc false
  # What a function of the user's failed with, where it is not raised.
  @spec failed(:error | :exit | :throw, term(), Exception.stacktrace()) :: t()
  def failed(_kind, %__MODULE__{} = error, _stacktrace), do: error

  def failed(kind, reason, stacktrace) do
    message = "the function failed: " <> Exception.format_banner(kind, reason, stacktrace)
    %__MODULE__{category: :worker, reason: "run_failed", message: message}
  end

  @doc false
  # What a function of the user's returned as an error.
  @spec returned(term()) :: t()
  def returned(%__MODULE__{} = error), do: error

  def returned(other) do
    message = "the function returned {:error, #{inspect(other, limit: 5, printable_limit: 60)}}"
    %__MODULE__{category: :worker, reason: "run_failed", message: message}
  end

  @doc false
  @spec from_status(non_neg_integer(), String.t(), [{binary(), binary()}]) :: t()
  def from_status(code, text, trailers) do
    with {@trailer, binary} <- List.keyfind(trailers, @trailer, 0),
         {:ok, detail} <- Protobuf.decode(V1.ErrorDetail, binary) do
      from_detail(detail)
    else
      _no_readable_detail -> without_detail(code, text)
    end
  end

  # Whether a failed status carries an `ErrorDetail`.
  @doc false
  @spec detailed?([{binary(), binary()}]) :: boolean()
  def detailed?(trailers), do: List.keymember?(trailers, @trailer, 0)

  @doc false
  @spec from_detail(V1.ErrorDetail.t()) :: t()
  def from_detail(%V1.ErrorDetail{} = detail) do
    %__MODULE__{
      category: if(detail.category in @categories, do: detail.category, else: :grpc_error),
      reason: present(detail.reason),
      message: detail.message,
      details: details(detail.details),
      python_type: present(detail.python_type),
      traceback: present(detail.traceback),
      rank: detail.rank,
      call_id: present(detail.call_id)
    }
  end

  defp without_detail(code, text) do
    {reason, category, remedy} =
      Map.get(
        @statuses,
        code,
        {"status_#{code}", :grpc_error, "the server is not of this product"}
      )

    message = if text == "", do: remedy, else: "#{text} (#{remedy})"

    %__MODULE__{
      category: category,
      reason: reason,
      message: message,
      details: %{"grpc_status" => code}
    }
  end

  defp details(%V1.Term{msgpack: packed} = term) when packed != "" do
    case Vllm.Term.unpack(term) do
      {:ok, details} when is_map(details) and not is_struct(details) -> named(details)
      _unreadable -> %{}
    end
  end

  defp details(_absent), do: %{}

  # Not that a server of ours would send other keys.
  defp named(details), do: Map.filter(details, fn {key, _value} -> is_binary(key) end)

  defp present(""), do: nil
  defp present(text), do: text

  defimpl Inspect do
    # One line; the fields say the rest.
    import Vllm.OneLine

    @longest 160

    def inspect(error, _opts) do
      reason = labelled("", error.reason || "(no reason)")
      rank = labelled(", rank ", error.rank)

      "#Vllm.Error<#{text(error.category)} #{reason}#{rank}: #{text(error.message || "", @longest)}>"
    end
  end
end
