out: saw 110 * 0.3 0.2
