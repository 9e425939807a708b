"""Values: what exists, as frozen msgspec structs. Standard library and msgspec only; no IO, no clock, no logging."""
