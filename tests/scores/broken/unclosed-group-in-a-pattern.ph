out: s "bd [hh hh sn"
