"""A web shop's read model of customers, products and prices, on the client SDK alone."""
