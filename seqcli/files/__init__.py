"""Files on disk: inputs, model files, training states, files that are written completely or not at all."""
