~keys: midi 1
out: ~keys
