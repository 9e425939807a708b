"""Resources, IO managers and asset factories for other tools. Each module needs its tool; nothing else does."""
