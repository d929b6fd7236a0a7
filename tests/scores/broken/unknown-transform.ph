out: s "bd hh" $ evry 2 rev
