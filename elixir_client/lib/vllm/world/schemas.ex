defmodule Vllm.World.Schemas do
  @moduledoc false
  # The options of the functions of `Vllm.World`, see `Vllm.Options`.

  @sizes [
    tensor_parallel_size: "Ranks that share every layer.",
    pipeline_parallel_size: "Stages the layers are cut into.",
    data_parallel_size: "Replicas.",
    prefill_context_parallel_size: "Ranks a prompt is cut over.",
    decode_context_parallel_size: "Ranks a context is cut over; divides the tensor parallel size."
  ]

  @start Enum.map(@sizes, fn {key, doc} -> {key, [type: :positive, doc: doc]} end) ++
           [
             backend: [type: :label, doc: "Backend of torch.distributed; `gloo` when absent."],
             timeout: [
               type: :timeout,
               doc:
                 "Milliseconds that bound the start and every rendezvous, group and wait of the " <>
                   "world; 120,000 when absent."
             ],
             world_id: [type: :text, doc: "Id; a new one when absent."],
             pool_name: [type: :label, doc: "Pool to start it in; the default one when absent."],
             gate: [
               type: :boolean,
               default: true,
               doc:
                 "Whether collectives and point-to-point calls wait at the pool's gate until all " <>
                   "members have asked for the same."
             ],
             concurrent: [
               type: :boolean,
               default: false,
               doc:
                 "Whether runs go side by side and take no turns. Then callers must ask all ranks for the " <>
                   "same calls in the same order."
             ],
             on_failure: [
               type: {:in, [:fail, :keep]},
               default: :fail,
               doc:
                 "What the death of one rank does: `:fail` ends the world; with `:keep` the others live on, " <>
                   "the world is `:degraded`, and `Vllm.World.slice/2` gives the part without that rank."
             ],
             spare_ranks: [
               type: :count,
               default: 0,
               doc:
                 "Processes kept ready for `Vllm.World.restart/2`, at most one for each rank; a start that takes " <>
                   "one saves the time to fork it and to import."
             ],
             distributed_executor_backend: [
               type: {:in, ["mp", "ray", "external_launcher"]},
               doc:
                 "What starts its ranks: `\"mp\"` forks them on the pool's host, `\"ray\"` places them on a Ray " <>
                   "cluster, `\"external_launcher\"` waits for ranks that join (`vllm-bridge join`); as the pool's " <>
                   "configuration says when absent."
             ],
             nnodes: [
               type: :positive,
               doc:
                 "On how many hosts its ranks are; any number, or as the pool's configuration says, when absent."
             ],
             ray: [
               type: {:nested, Vllm.World.Ray.schema()},
               doc:
                 "With `distributed_executor_backend: \"ray\"`, where on which cluster its ranks go; " <>
                   "docs/clusters.md says what each means."
             ],
             detached: [
               type: :boolean,
               default: false,
               doc: "Whether it outlives the calling process and the bridge, see above."
             ],
             on_progress: [
               type: {:function, 1},
               doc:
                 "Called with a `Vllm.World.Info` for every change while the world starts, in a " <>
                   "process of its own; the last time, before the start returns, with the world ready. " <>
                   "What it raises is logged."
             ]
           ] ++ Vllm.Options.bridge()

  @supervised [
                name: [
                  type: :server,
                  required: true,
                  doc: "Name to register and to call it by."
                ],
                init: [
                  type: {:function, 1},
                  doc:
                    "Runs on every rank, with the rank, each time the world has started and before it takes " <>
                      "calls; and on the new ranks of a world whose ranks change. An exception or `{:error, _}` makes the start a failure."
                ],
                restart: [
                  type: :keyword,
                  default: [max: 3, within: 60_000],
                  doc:
                    "How often it is started again within how many milliseconds; once more and its process " <>
                      "ends, for its supervisor to decide."
                ],
                when_restarting: [
                  type: {:in, [:wait, :fail]},
                  default: :wait,
                  doc:
                    "What callers do while it starts; `:fail` returns `\"world_restarting\"` at once."
                ],
                wait_timeout: [
                  type: :timeout,
                  default: 30_000,
                  doc: "Milliseconds that they wait at most, if their own timeout is not shorter."
                ]
              ] ++ Keyword.drop(@start, [:detached, :on_progress])

  @by_id [
    bridge: [
      type: :name,
      doc:
        "Name of the `Vllm.Bridge` of a world given by its id, `Vllm.Bridge` when absent. A world itself, and a " <>
          "name, know theirs."
    ]
  ]

  @restart [
             timeout: [
               type: :timeout,
               doc: "Milliseconds that the start may take; 120,000 when absent."
             ],
             on_progress: [type: {:function, 1}, doc: "As of `start/1`."]
           ] ++ @by_id

  @change_timeout [
                    timeout: [
                      type: :timeout,
                      doc:
                        "Milliseconds that bound the start of new ranks and the making of the groups, but not " <>
                          "the wait for the turn; those of the world's own start when absent."
                    ]
                  ] ++ @by_id

  @resize [
            data_parallel_size: [
              type: :positive,
              required: true,
              doc: "Replicas from then on. The other sizes stay."
            ]
          ] ++ @change_timeout

  @diagnose [
              with_stacks: [
                type: :boolean,
                default: false,
                doc: "Also the Python stacks of every rank."
              ]
            ] ++ @by_id

  @record [
            format: [
              type: {:in, [:chrome, :torch]},
              default: :chrome,
              doc:
                "`:chrome`, one trace for https://ui.perfetto.dev, with a track for each rank and arrows between " <>
                  "the members of one operation; `:torch`, a file per rank for torch's analyser."
            ],
            last: [
              type: :count,
              default: 0,
              doc:
                "How many calls, and how many operations, of each rank; 0: all it keeps, 1,000 of each."
            ]
          ] ++ @by_id

  @await [
    timeout: [type: :wait, default: :infinity, doc: "Milliseconds to wait."],
    on_progress: [
      type: {:function, 1},
      doc:
        "Called here, in the calling process, with a `Vllm.World.Info` for every change, first with what " <>
          "is known already."
    ]
  ]

  @spec sizes() :: [atom()]
  def sizes, do: Keyword.keys(@sizes)

  @spec start() :: Vllm.Options.schema()
  def start, do: @start

  @spec supervised() :: Vllm.Options.schema()
  def supervised, do: @supervised

  @spec subscribe() :: Vllm.Options.schema()
  def subscribe do
    [
      stream_timeout: [
        type: :timeout,
        default: :infinity,
        doc: "Longest time of the subscription in ms."
      ]
    ] ++ @by_id
  end

  @spec logs() :: Vllm.Options.schema()
  def logs do
    [
      ranks: [type: {:list, :count}, default: [], doc: "Only theirs; of all ranks when empty."],
      follow: [
        type: :boolean,
        default: true,
        doc: "Whether the stream goes on with the lines that come."
      ],
      tail: [
        type: :count,
        doc: "At most so many of the lines that are kept; all when absent."
      ],
      fold: [
        type: :boolean,
        default: true,
        doc:
          "Whether equal lines that several ranks write within a second come once, a tenth of a second late."
      ]
    ] ++ subscribe()
  end

  @spec intensity() :: Vllm.Options.schema()
  def intensity do
    [max: [type: :count, default: 3], within: [type: :milliseconds, default: 60_000]]
  end

  @spec run() :: Vllm.Options.schema()
  def run do
    [
      timeout: [
        type: :timeout,
        default: :infinity,
        doc: "Milliseconds for the run, and for the turn of the world before."
      ]
    ] ++ @by_id
  end

  @spec load() :: Vllm.Options.schema()
  def load do
    run() ++
      [
        on_progress: [
          type: {:function, 1},
          doc:
            "Called here, in the calling process, with `%{done: count, total: count, rank: rank}` for each rank " <>
              "that has imported it, or failed to."
        ]
      ]
  end

  @spec load_weights() :: Vllm.Options.schema()
  def load_weights do
    run() ++
      [
        model: [
          type: :label,
          required: true,
          doc: "The name under which each rank keeps its module, see `put/4`."
        ],
        on_progress: [
          type: {:function, 1},
          doc:
            "Called here, in the calling process, with `%{rank: rank, name: name, done: bytes, total: bytes}` for " <>
              "each parameter that a rank has got; bytes are those sent to that rank."
        ]
      ]
  end

  @spec await() :: Vllm.Options.schema()
  def await, do: @await

  @spec restart() :: Vllm.Options.schema()
  def restart, do: @restart

  @spec resize() :: Vllm.Options.schema()
  def resize, do: @resize

  @spec replace() :: Vllm.Options.schema()
  def replace, do: @change_timeout

  @spec record() :: Vllm.Options.schema()
  def record, do: @record

  @spec diagnose() :: Vllm.Options.schema()
  def diagnose, do: @diagnose

  @spec by_id() :: Vllm.Options.schema()
  def by_id, do: @by_id
end
