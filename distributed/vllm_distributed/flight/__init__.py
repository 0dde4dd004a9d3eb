"""The flight recorder: the last operations of this process's groups, for people who look at a hang.

`records.py` keeps them, `recording.py` has every operation of every coordinator kept, `chrome.py`
and `torch_format.py` write them in the formats that other tools read, and `watchdog.py` does so by
itself when one takes too long. Nothing here costs a program anything before it asks for it. Shapes
and dtypes are kept, never contents.
"""
