"""Kinds of predictors of which nothing is trained: their unaries are computed."""

UNTRAINED = ("tv",)
