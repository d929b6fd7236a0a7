out: saw 110 # A 300
