"""The classic console commands, as calls of Rostrum's."""
