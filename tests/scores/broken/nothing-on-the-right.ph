out: saw 110 *
