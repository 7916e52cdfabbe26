"""Training: the one loop, its schedule, optimizer, state, device and precision."""
