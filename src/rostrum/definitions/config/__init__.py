"""Config: classes, schemas, types, and the config of a run."""
