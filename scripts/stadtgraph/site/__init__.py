"""Write the publication of a city."""
