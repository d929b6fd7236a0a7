"""From the graph to tasks: groups of nodes, chunks of time, slices of voices."""
