out: s "bd*4" # gian 0.5 # pan 0.2
