~a: s "bd*4" # reverb 0.5
out: ~a # delay
