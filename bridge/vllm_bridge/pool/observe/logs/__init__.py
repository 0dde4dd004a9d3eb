"""Lines that ranks and the server write, kept for a while and passed on to who reads them.

lines   one line, and what a line of a rank's log says of itself
hub     where all lines come together: the last of each rank, and those who read
fold    equal lines of several ranks as one
"""
