"""Speech recognition: log-mel features, a recurrent network with CTC, search, transcription, evaluation."""
