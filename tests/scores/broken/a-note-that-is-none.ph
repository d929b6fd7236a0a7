out: saw # note "h4"
