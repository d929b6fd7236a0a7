out: s "superkick"
