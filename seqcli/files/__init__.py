"""What is on disk: model files, training states, files written whole or not at all."""
