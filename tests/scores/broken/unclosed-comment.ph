out: s "bd"
/* to be continued
