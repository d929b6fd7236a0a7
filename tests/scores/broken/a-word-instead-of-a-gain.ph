out: s "bd*4" # gain "1 loud"
