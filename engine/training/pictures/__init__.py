"""Training a network to tell pictures apart: batches, one update at a time, the way back, the score."""
