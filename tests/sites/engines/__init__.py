"""The five engines: each prints made threads in its own markup."""
