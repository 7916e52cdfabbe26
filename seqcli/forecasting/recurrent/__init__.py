"""The recurrent forecaster: network, inputs, training on a panel, pretrained weights."""
