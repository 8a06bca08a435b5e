"""Stands for a package of the user's own, which is not installed but lies next to the sweep file."""
