out: saw "110 220 bd 440" * 0.2
