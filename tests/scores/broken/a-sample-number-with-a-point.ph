out: s "bd:1.5 sn"
