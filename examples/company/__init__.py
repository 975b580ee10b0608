"""The demo company: its people and products, its ERP, its CRM and its nightly price list."""
