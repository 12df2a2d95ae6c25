"""What a predictor sees of a pixel: colours, position and semantic features."""
