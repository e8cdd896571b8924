"""counterexamples."""
