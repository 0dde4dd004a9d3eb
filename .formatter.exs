[
  inputs: [
    "mix.exs",
    ".formatter.exs",
    "benchmarks/*.exs",
    "elixir_client/{lib,snakepit_adapter,test,demo}/**/*.{ex,exs}"
  ],
  line_length: 98,
  locals_without_parens: [defbang: 1]
]
