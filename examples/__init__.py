"""The demo company, a market-facing app, and the demo that connects them."""
