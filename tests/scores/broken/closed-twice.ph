out: (saw 110)) * 0.2
