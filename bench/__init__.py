"""Measurements against peers and raw limits; each prints ratios taken in the same run."""
