"""The published language: canonical entities, RPC methods and events, typed and versioned.

Nothing here knows of brokers, stores or legacy systems.
"""
