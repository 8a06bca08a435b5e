"""Trainables of scikit-learn; it is imported when a trial is set up, not before."""
