"""Changes of the tables, in order, as Django writes them."""
