defmodule MiniLM do
  @moduledoc """
  Sentence embeddings of all-MiniLM-L6-v2, from a world of four ranks: tensor parallel 2 times pipeline
  parallel 2. Any number of processes may ask.

      {:ok, embedding} = MiniLM.embed("A man is eating food.")
      MiniLM.similarity(embedding, MiniLM.embed!("A man is eating bread."))
  """

  alias Vllm.{Tensor, World}

  # The world may be starting, or starting again.
  @timeout 120_000

  # What a rank's death takes along is asked for again: an embedding may be computed twice. The world that starts in
  # its place is waited for.
  @tries 3

  @doc "The embedding of a text: 384 floats, a vector of length 1."
  @spec embed(String.t()) :: {:ok, [float()]} | {:error, Vllm.Error.t()}
  def embed(text), do: embed(text, @tries)

  defp embed(text, tries) do
    case Vllm.Serving.run(MiniLM.Embeddings, text, @timeout) do
      {:error, %Vllm.Error{category: :worker}} when tries > 1 -> embed(text, tries - 1)
      result -> result
    end
  end

  @doc "As `embed/1`; raises `Vllm.Error`."
  @spec embed!(String.t()) :: [float()]
  def embed!(text) do
    case embed(text) do
      {:ok, embedding} -> embedding
      {:error, error} -> raise error
    end
  end

  @doc "How alike two embeddings are, from -1 to 1."
  @spec similarity([float()], [float()]) :: float()
  def similarity(one, other) do
    one |> Enum.zip(other) |> Enum.reduce(0.0, fn {a, b}, sum -> sum + a * b end)
  end

  @doc false
  # On every rank, each time the world has started.
  def load(_rank) do
    with {:ok, _weights} <- Vllm.call("minilm.serving.load", []), do: :ok
  end

  @doc false
  # One run of the world for the requests of a batch.
  def embed_batch(world, texts) do
    with {:ok, [embeddings]} <-
           World.call(world, "minilm.serving.embed", [texts], collect: :one_per_replica),
         do: {:ok, rows(embeddings)}
  end

  defp rows(%Tensor{shape: {_texts, width}} = embeddings),
    do: embeddings |> Tensor.to_list() |> List.flatten() |> Enum.chunk_every(width)

  @doc false
  # The model in one piece, in any rank: what the others are compared with.
  def unsplit(texts) do
    with {:ok, embeddings} <- Vllm.call("minilm.unsplit.embed", [texts]),
         do: {:ok, rows(embeddings)}
  end
end
