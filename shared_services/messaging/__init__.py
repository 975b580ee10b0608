"""Messages on RabbitMQ: envelope, topology, publisher, consumer and RPC.

Nothing here knows of stores, configuration or centers, so that an app may install it alone.
"""
