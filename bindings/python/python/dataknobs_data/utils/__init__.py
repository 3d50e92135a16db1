"""Conversions beside the databases: `pandas` and `migrations`."""
