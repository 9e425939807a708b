"""What users write: assets, ops, jobs, checks, config, resources, partitions, schedules, contexts, `Definitions`."""
