"""From the graph to tasks: groups of nodes, chunks of time, slices of voices. Every pass is a pure function."""
