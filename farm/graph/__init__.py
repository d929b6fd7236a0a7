"""What shall sound: syntax, patterns and the catalog of nodes become a graph of signals and sources of voices."""
