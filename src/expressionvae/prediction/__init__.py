"""Predicting cells with trained weights, also of what nobody has measured."""
