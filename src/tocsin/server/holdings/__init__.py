"""Devices, batches of material, makers and models, shipments."""
