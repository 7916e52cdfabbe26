"""What moves weights and what survives a crash: the one training loop, its schedule, state, device and precision."""
