"""Read queries before they are asked, and say in people's words what is wrong with them."""
