"""Which calls may start: the shared gate, a rank's side, the pool's referee, and the rules."""
