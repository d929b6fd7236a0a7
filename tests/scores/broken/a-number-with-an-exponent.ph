out: saw 1e400
