out: s "kit/bd"
