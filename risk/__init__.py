"""Margin, correlation, breakers, emergencies and Greeks."""
