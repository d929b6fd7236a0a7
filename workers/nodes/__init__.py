"""Node definitions, one file a node (or a close family). They are found by themselves: see `workers.catalog`."""
