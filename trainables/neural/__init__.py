"""Trainables built on torch; torch itself is imported when a trial is set up, not before."""
