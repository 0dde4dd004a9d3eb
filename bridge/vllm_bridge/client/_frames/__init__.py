"""The second carrier of calls to a rank: frames over a unix socket, for clients on its host."""
