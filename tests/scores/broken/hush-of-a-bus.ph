~a: saw 110

hush ~a

out: ~a
