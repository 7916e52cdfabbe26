"""Forecasting: classical methods, their combination, intervals, and a recurrent network for panels."""
