"""What is measured, proved and drawn of stored fits."""
