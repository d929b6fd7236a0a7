out: s "bd?2"
