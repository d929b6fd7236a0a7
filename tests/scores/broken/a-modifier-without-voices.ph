out: noise # speed 2
