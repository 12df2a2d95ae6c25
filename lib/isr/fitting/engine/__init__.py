"""The engine: many problems of one kind optimised together; it knows tensors and terms alone."""
