[
  inputs: [
    "mix.exs",
    ".formatter.exs",
    "benchmarks/*.exs",
    "elixir_client/{lib,test,demo}/**/*.{ex,exs}"
  ],
  line_length: 98,
  locals_without_parens: [defbang: 1]
]
