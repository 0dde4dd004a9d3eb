defmodule Vllm.World.Ray do
  @moduledoc false
  # The option `ray` of `Vllm.World.start/1`, and its message.

  alias Vllm.Bridge.V1

  @schema [
    address: [type: :text],
    start: [type: :boolean, default: false],
    placement_group: [type: :text],
    placement_strategy: [type: {:in, ["PACK", "STRICT_PACK", "SPREAD", "STRICT_SPREAD"]}],
    resources: [type: {:map, :number}, default: %{}],
    label_selector: [type: {:map, :text}, default: %{}],
    bundle_indices: [type: {:list, :count}, default: []],
    runtime_env: [type: :text]
  ]

  @spec schema() :: Vllm.Options.schema()
  def schema, do: @schema

  @doc "The message; nil where nothing was said of it."
  @spec message(map() | nil) :: struct() | nil
  def message(nil), do: nil

  def message(options) do
    %V1.RayOptions{
      address: options.address || "",
      start: options.start,
      placement_group: options.placement_group || "",
      placement_strategy: options.placement_strategy || "",
      resources:
        for {name, amount} <- options.resources do
          %V1.RayOptions.ResourcesEntry{key: name, value: amount / 1}
        end,
      label_selector:
        for {name, rule} <- options.label_selector do
          %V1.RayOptions.LabelSelectorEntry{key: name, value: rule}
        end,
      bundle_indices: options.bundle_indices,
      runtime_env: options.runtime_env || ""
    }
  end
end
