~a: s "bd" out: ~a
