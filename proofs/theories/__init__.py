"""The protocols as first-order theories, one file each, with their lemmas and the mistakes that break them."""
