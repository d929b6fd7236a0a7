out: saw ~midi:1:cutoff # lpf 800 1
