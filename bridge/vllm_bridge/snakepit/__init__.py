"""A rank as a Snakepit worker: started, called, watched and stopped by an unmodified Snakepit pool.

`worker.py` is the script that Snakepit starts. docs/snakepit.md is the guide.
"""
