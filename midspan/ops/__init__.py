"""What operations teams see of a running process: health, metrics, logs."""
