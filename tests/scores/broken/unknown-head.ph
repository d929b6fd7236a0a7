kick: s "bd*4"
out: ~kick
