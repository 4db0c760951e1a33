"""Serve what was published: linked data, searches, questions. Reads nothing but the publication."""
