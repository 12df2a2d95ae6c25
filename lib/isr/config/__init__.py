"""The configuration: its models, what is planned by it, and what each job is told."""
