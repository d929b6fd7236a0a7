out: hush
