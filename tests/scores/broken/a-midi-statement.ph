midi: "c4"
out: s "bd"
