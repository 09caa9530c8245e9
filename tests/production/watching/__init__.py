"""What an operator watches by: each fault made, and seen by the real Prometheus."""
