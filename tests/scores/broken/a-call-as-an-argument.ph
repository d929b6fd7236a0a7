out: every 2 (fast 2) s "bd sn"
