"""Who finds whom: rendezvous, and agreements over a store."""
