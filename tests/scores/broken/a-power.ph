out: saw 110 ^ 2
