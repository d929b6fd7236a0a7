o: s "bd"
