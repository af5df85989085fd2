"""The tiers as an operator runs them: from their own compose files, in containers, over TLS."""
