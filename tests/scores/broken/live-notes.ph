out: saw ~midi:piano:cutoff # lpf 800 1
