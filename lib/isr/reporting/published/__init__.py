"""The papers' numbers, each in one place."""
