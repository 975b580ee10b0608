"""Reads systems that are called by remote procedure, by configuration alone."""

from adapters.rpc.adapter import RpcAdapter

__all__ = ["RpcAdapter"]
