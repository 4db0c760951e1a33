"""Check, publish and query a city's knowledge graph."""

__version__ = "0.1.0"
