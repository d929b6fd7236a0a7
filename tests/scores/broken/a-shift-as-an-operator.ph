out: (0.25 ~>) $ s "bd"
