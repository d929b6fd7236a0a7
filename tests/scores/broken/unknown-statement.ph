tmepo: 0.5
out: s "bd"
