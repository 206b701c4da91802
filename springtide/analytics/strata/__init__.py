"""Strata: versioned stratifications; every user is in exactly one stratum of each that is available."""
