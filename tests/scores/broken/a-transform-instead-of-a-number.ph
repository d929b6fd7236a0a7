out: saw (fast 2)
