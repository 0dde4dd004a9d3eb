import Config

# Ranks that are killed are what this example shows: their server says so.
config :logger, level: :error
