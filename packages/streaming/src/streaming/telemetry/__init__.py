"""What a service tells of itself: health, metrics, lag, audit events, logs."""
