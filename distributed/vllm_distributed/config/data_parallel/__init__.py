"""What data parallel replicas share: settings, ports, a meeting place and small agreements."""
