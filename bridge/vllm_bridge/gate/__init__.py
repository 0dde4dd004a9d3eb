"""Who may start: the gate that ranks share, the rank's side of it, the pool's, and its rules."""
