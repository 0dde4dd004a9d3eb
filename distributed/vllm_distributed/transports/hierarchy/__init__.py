"""Groups that span hosts: shared memory inside each host, gloo between one member of each."""
