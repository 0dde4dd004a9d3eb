"""The tools that Snakepit calls, and SnakeBridge's calls and values."""
