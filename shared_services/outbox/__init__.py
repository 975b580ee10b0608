"""The outbox: events are committed with the data they tell of, and published afterwards."""
