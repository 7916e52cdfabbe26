"""Translation: an encoder-decoder with attention, its training, beam search, evaluation."""
