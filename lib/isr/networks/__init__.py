"""Building blocks of representations and predictors."""
