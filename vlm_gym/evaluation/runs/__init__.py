"""What plays and records: episodes, panels, plans, runs, their folders, shards and clusters."""
