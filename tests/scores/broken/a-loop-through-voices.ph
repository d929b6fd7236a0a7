~echo: s "~echo*4" # gain 0.5
out: ~echo
