out: s "bd*64" $ stut 64 0.01 0.9 $ jux (stut 64 0.02 0.9)
