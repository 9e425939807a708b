"""Resources and IO managers: definitions, lifecycles, binding."""
