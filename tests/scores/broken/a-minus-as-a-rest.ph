out: s "bd - sn -"
