"""Fitting representations and predictors: schedules, the stacked engine, stored fits."""
