out: s "../secrets"
