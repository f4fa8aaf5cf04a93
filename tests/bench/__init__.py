"""The benchmark: the same events in this timeline and in its peers, measured in one Chromium (`make bench`)."""
