"""Calls: a request goes to a center's queue, its answer comes straight back to the caller.

caller → exchange ``{namespace}.rpc``, key ``customer.get.v1`` → queue ``{center}.rpc`` → server
caller ← broker's direct reply-to ← server

Every call has a deadline; when it has passed, the caller stops waiting and servers drop the
work. A call that no server can take fails at once, as do all pending ones when the connection
is lost. An answer is a value or an error with code, message, retryable and detail.
"""

from shared_services.messaging.rpc.client import Reply, RpcClient
from shared_services.messaging.rpc.server import Context, Inline, Many, RpcServer, Table

__all__ = ["Context", "Inline", "Many", "Reply", "RpcClient", "RpcServer", "Table"]
