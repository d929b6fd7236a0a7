out: s "/etc/passwd"
