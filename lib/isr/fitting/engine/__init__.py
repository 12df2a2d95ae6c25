"""The engine: problems of one kind optimised together. It knows tensors and loss terms alone."""
