out: s "bd*-1"
