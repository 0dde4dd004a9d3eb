"""What data parallel replicas share: settings, ports, their rendezvous, what they agree on."""
