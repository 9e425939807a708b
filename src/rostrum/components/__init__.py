"""Components: definitions made from YAML files and small classes, and folders whose files load by themselves."""
