"""The bridges from protocols to theories, one file each."""
