out: s "bd <hh sn] cp"
