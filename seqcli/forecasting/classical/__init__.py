"""Classical forecasting methods, over all series at once, and their combination."""
